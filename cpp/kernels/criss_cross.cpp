#include "kernels/criss_cross.h"

#include <algorithm>

namespace heed::kernels {

CrissCross make_criss_cross(const Shape& q, Extent values, const Strides& q_steps,
                            const Strides& k_steps, const Strides& v_steps, const Strides& y_steps,
                            const Strides& map_steps) {
  const Strides sums = {{q[2] * q[3], 0, q[3], 1}};
  // Of lines along `axis`, the other one being the heads.
  const auto lines = [&](int axis) {
    const int other = 5 - axis;
    const auto steps = [&](const Strides& s) {
      return AttentionSteps{s[0], s[other], s[axis], s[1]};
    };
    Attention attention;
    attention.batch = q[0];
    attention.heads = attention.kv_heads = q[other];
    attention.queries = attention.keys = q[axis];
    attention.width = q[1];
    attention.value_width = values;
    attention.zero_empty_rows = true;
    attention.q = steps(q_steps);
    attention.k = steps(k_steps);
    attention.v = steps(v_steps);
    attention.y = steps(y_steps);
    attention.sums = steps(sums);
    const Strides& m = map_steps;
    attention.scores = {m[0], m[other - 1], m[axis - 1], m[3]};
    return attention;
  };
  CrissCross shape = {q[2], q[3], lines(2), lines(3)};
  shape.columns.hide_self = true;
  shape.rows.join = true;
  return shape;
}

int64_t criss_cross_scratch(const CrissCross& shape) {
  const int64_t positions = int64_t{shape.rows.batch} * shape.height * shape.width;
  return positions + std::max(attention_scratch(shape.columns), attention_scratch(shape.rows));
}

void criss_cross(const CrissCross& shape, const float* q, const float* k, const float* v, float* y,
                 float* map, float* scratch) {
  const AttentionSteps& steps = shape.rows.scores;
  float* row_map = map ? map + shape.height * steps.element : nullptr;
  float* share = scratch;
  scratch += shape.rows.batch * shape.height * shape.width;
  attention(shape.columns, q, k, v, nullptr, y, map, scratch, share);
  attention(shape.rows, q, k, v, nullptr, y, row_map, scratch, share);
  if (!map) return;
  for (Extent n = 0; n < shape.rows.batch; ++n) {
    for (Extent h = 0; h < shape.height; ++h) {
      for (Extent w = 0; w < shape.width; ++w, ++share) {
        float* row = map + n * steps.batch + h * steps.head + w * steps.row;
        for (Extent i = 0; i < shape.height + shape.width; ++i) {
          row[i * steps.element] *= i < shape.height ? 1 - *share : *share;
        }
      }
    }
  }
}

}  // namespace heed::kernels

// CrissCross, the fused step of criss-cross attention.
#include "kernels/criss_cross.h"

#include "graph/operator.h"

namespace heed {

void infer_criss_cross(Inference& node) {
  node.expect_first_output();
  node.expect_floats(3);
  const Shape& q = node.shape(0);
  Shape v = node.shape(2);
  node.expect_shape(1, q);
  const Extent values = v[1];
  v[1] = q[1];
  if (q.rank() != 4 || !(v == q)) {
    node.fail(Code::kWrongShape, "queries % and values % are not (B, d, H, W) and (B, C, H, W)", q,
              node.shape(2));
  }
  Dims map;
  map.add(q[0]);
  map.add(q[2]);
  map.add(q[3]);
  map.add(int64_t{q[2]} + q[3]);
  v[1] = values;
  node.set(0, DType::kF32, v);
  if (node.wants(1)) node.set(1, DType::kF32, map);
}

void lower_criss_cross(Lowering& node) {
  const View q = node.input(0), k = node.input(1), v = node.input(2);
  const View y = node.output(0), map = node.output(1);
  const kernels::CrissCross shape = kernels::make_criss_cross(
      q.shape, v.shape[1], q.strides, k.strides, v.strides, y.strides, map.strides);
  const int64_t floats = kernels::criss_cross_scratch(shape);
  if (floats > INT32_MAX / 4) node.fail(Code::kOutOfMemory, "attention in a map %", q.shape);
  const Buffer scratch = node.scratch(floats);
  node.run([=, q = q.buffer, k = k.buffer, v = v.buffer, y = y.buffer,
            map = map.buffer](const Run& run) {
    kernels::criss_cross(shape, run.at(q), run.at(k), run.at(v), run.at(y), run.at(map),
                         run.at(scratch));
  });
}

}  // namespace heed

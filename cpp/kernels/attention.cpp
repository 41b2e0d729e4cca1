#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/gemm.h"
#include "kernels/gemv.h"
#include "kernels/pack_panels.h"
#include "kernels/row.h"
#include "kernels/scalar_math.h"
#include "kernels/softmax.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

namespace {

constexpr float kHidden = -std::numeric_limits<float>::infinity();

// Queries of a block: so many that their scores stay in the second level cache. 12 is a multiple of
// both tile heights.
constexpr Extent kFewestRows = 12, kMostRows = 96, kBlockScores = 16384;
Extent block_rows(const Attention& shape) {
  const Extent fitting = kBlockScores / std::max<Extent>(1, shape.keys) / 12 * 12;
  return std::min(shape.queries, std::clamp(fitting, kFewestRows, kMostRows));
}

// With one query or two for each key, multiplying with k and v as they lie is cheaper than packing
// them.
bool is_decoding(const Attention& shape) {
  const bool readable =
      (shape.k.element == 1 || shape.k.row == 1) && (shape.v.element == 1 || shape.v.row == 1);
  return readable && shape.queries * (shape.heads / std::max<Extent>(1, shape.kv_heads)) <= 2;
}

struct Scratch {
  int64_t keys, values, queries, scores, output;
  int64_t total() const { return keys + values + queries + scores + output; }
};

Scratch scratch_of(const Attention& shape, int64_t rows, int64_t scores) {
  const bool packed = !is_decoding(shape);
  return {packed ? panels_count(shape.width, shape.keys) : 0,
          packed ? panels_count(shape.keys, shape.value_width) : 0, rows * shape.width, scores,
          rows * shape.value_width};
}

// One row of scores on its way to probabilities.
struct RowSteps {
  const Attention& shape;

  void cap(float* row, Extent count) const {
    const f32x4 c = splat(shape.soft_cap);
    for_each_vector(count, [&](Extent j, int n) {
      store_partial(row + j, c * tanh(load_partial(row + j, n) / c), n);
    });
  }

  static void add_mask(float* row, Extent count, const float* mask, Extent step) {
    if (step == 1) {
      for_each_vector(count, [&](Extent j, int n) {
        store_partial(row + j, load_partial(row + j, n) + load_partial(mask + j, n), n);
      });
      return;
    }
    for (Extent j = 0; j < count; ++j) row[j] += mask[j * step];
  }

  // Where the mask is `value`.
  static void hide(float* row, Extent count, const uint8_t* mask, Extent step, bool value) {
    for (Extent j = 0; j < count; ++j) {
      if ((mask[j * step] != 0) == value) row[j] = kHidden;
    }
  }

  // Writes the logarithm of the sum of exponentials where it is asked for.
  void softmax(float* row, Extent count, float* logarithm) const {
    const float m = row_maximum(row, count);
    if (logarithm) *logarithm = kHidden;
    // Nothing is seen. (A NaN is passed over by the maximum: look again.)
    if (m == kHidden && std::all_of(row, row + count, [](float s) { return s == kHidden; })) {
      const float value = shape.zero_empty_rows ? 0.0f : std::numeric_limits<float>::quiet_NaN();
      std::fill_n(row, count, value);
      return;
    }
    const float sum = exp_row(row, row, m, count);
    if (logarithm) *logarithm = m + kernels::logarithm(sum);
    multiply_row(row, 1 / sum, count);
  }
};

// The computation of one block of queries of one head.
class Block {
 public:
  Block(const Attention& shape, const float* q, const float* k, const float* v,
        const void* const* masks, float* y, float* scores, float* scratch, float* sums)
      : shape_(shape), q_(q), k_(k), v_(v), masks_(masks), y_(y), scores_(scores), sums_(sums) {
    const int64_t rows = block_rows(shape);
    const Scratch sizes = scratch_of(shape, rows, rows * shape.keys);
    key_panels_ = scratch;
    value_panels_ = key_panels_ + sizes.keys;
    query_rows_ = value_panels_ + sizes.values;
    score_rows_ = query_rows_ + sizes.queries;
    output_rows_ = score_rows_ + sizes.scores;
  }

  // Keys and values of this head are what `run` multiplies with.
  void use_head(Extent batch, Extent head) {
    key_ = k_ + batch * shape_.k.batch + head * shape_.k.head;
    value_ = v_ + batch * shape_.v.batch + head * shape_.v.head;
    if (is_decoding(shape_)) return;
    pack_panels(matrix_source(key_, shape_.width, shape_.k.element, shape_.k.row), shape_.keys,
                key_panels_);
    pack_panels(matrix_source(value_, shape_.keys, shape_.v.row, shape_.v.element),
                shape_.value_width, value_panels_);
  }

  void run(Extent batch, Extent head, Extent first, Extent rows) {
    load_queries(batch, head, first, rows);
    // Keys that no query of the block sees are left out, unless their scores are asked for.
    const bool all = scores_ && shape_.scores_stage < ScoresStage::kMasked;
    const Extent limit = all ? shape_.keys : visible(first + rows - 1);
    multiply_keys(rows, limit);
    float logarithms[kMostRows];
    for (Extent i = 0; i < rows; ++i) {
      float* row = score_rows_ + i * shape_.keys;
      finish_row_of(batch, head, first + i, row, limit, sums_ ? logarithms + i : nullptr);
    }
    if (sums_) add_sums(batch, head, first, rows, logarithms);
    multiply_values(batch, head, first, rows, logarithms);
  }

 private:
  // Keys 0 .. visible - 1 are seen by query `row`, masks aside.
  Extent visible(Extent row) const {
    if (!shape_.causal) return shape_.keys;
    return std::clamp(row + shape_.causal_offset + 1, 0, shape_.keys);
  }

  void load_queries(Extent batch, Extent head, Extent first, Extent rows) {
    const AttentionSteps& steps = shape_.q;
    const float* from = q_ + batch * steps.batch + head * steps.head + first * steps.row;
    const f32x4 scale = splat(shape_.scale);
    for (Extent i = 0; i < rows; ++i, from += steps.row) {
      float* to = query_rows_ + i * shape_.width;
      if (steps.element != 1) {
        for (Extent e = 0; e < shape_.width; ++e) to[e] = from[e * steps.element] * shape_.scale;
        continue;
      }
      for_each_vector(shape_.width, [&](Extent e, int n) {
        store_partial(to + e, load_partial(from + e, n) * scale, n);
      });
    }
  }

  void multiply_keys(Extent rows, Extent limit) {
    if (!is_decoding(shape_)) {
      const Gemm product = {rows, limit, shape_.width, shape_.width, shape_.keys};
      return gemm(product, query_rows_, key_panels_, nullptr, score_rows_, {});
    }
    for (Extent i = 0; i < rows; ++i) {
      gemv(limit, shape_.width, query_rows_ + i * shape_.width, key_, shape_.k.element,
           shape_.k.row, score_rows_ + i * shape_.keys);
    }
  }

  // Keeps the sums; joined, they and `logarithms` become the shares of this set of keys.
  void add_sums(Extent batch, Extent head, Extent first, Extent rows, float* logarithms) {
    const AttentionSteps& steps = shape_.sums;
    float* to = sums_ + batch * steps.batch + head * steps.head + first * steps.row;
    for (Extent i = 0; i < rows; ++i, to += steps.row) {
      if (shape_.join) logarithms[i] = lane<0>(sigmoid(splat(logarithms[i] - *to)));
      *to = logarithms[i];
    }
  }

  void multiply_values(Extent batch, Extent head, Extent first, Extent rows, const float* shares) {
    const AttentionSteps& steps = shape_.y;
    float* to = y_ + batch * steps.batch + head * steps.head + first * steps.row;
    const bool direct = steps.element == 1 && !shape_.join;
    float* output = direct ? to : output_rows_;
    const Extent output_step = direct ? steps.row : shape_.value_width;
    if (!is_decoding(shape_)) {
      const Gemm product = {rows, shape_.value_width, shape_.keys, shape_.keys, output_step};
      gemm(product, score_rows_, value_panels_, nullptr, output, {});
    } else {
      for (Extent i = 0; i < rows; ++i) {
        gemv(shape_.value_width, shape_.keys, score_rows_ + i * shape_.keys, value_, shape_.v.row,
             shape_.v.element, output + i * output_step);
      }
    }
    if (direct) return;
    for (Extent i = 0; i < rows; ++i, to += steps.row) {
      const float* row = output + i * output_step;
      for (Extent e = 0; e < shape_.value_width; ++e) {
        float& value = to[e * steps.element];
        value = shape_.join ? value + (row[e] - value) * shares[i] : row[e];
      }
    }
  }

  // From products to probabilities, which are zero from `limit` on.
  void finish_row_of(Extent batch, Extent head, Extent query, float* row, Extent limit,
                     float* logarithm) {
    const RowSteps steps{shape_};
    const Extent seen = visible(query);
    emit(ScoresStage::kProduct, batch, head, query, row);
    if (shape_.soft_cap > 0) steps.cap(row, limit);
    emit(ScoresStage::kCapped, batch, head, query, row);
    const Extent masked =
        shape_.mask_keys > 0 ? std::min(shape_.mask_keys, shape_.keys) : shape_.keys;
    const Extent count = std::min(seen, masked);
    const Extent covered = std::min(count, shape_.keys - shape_.free_keys);
    for (int i = 0; i < 2; ++i) {
      const Mask& mask = shape_.masks[i];
      const AttentionSteps& s = mask.steps;
      const Extent at = batch % mask.batches * s.batch + head * s.head + query * s.row;
      if (mask.kind == MaskKind::kAdd) {
        steps.add_mask(row, covered, static_cast<const float*>(masks_[i]) + at, s.element);
      } else if (mask.kind != MaskKind::kNone) {
        steps.hide(row, covered, static_cast<const uint8_t*>(masks_[i]) + at, s.element,
                   mask.kind == MaskKind::kBlock);
      }
    }
    if (shape_.hide_self && query < count) row[query] = kHidden;
    std::fill(row + count, row + shape_.keys, kHidden);
    emit(ScoresStage::kMasked, batch, head, query, row);
    steps.softmax(row, count, logarithm);
    const bool nan = count == 0 && !shape_.zero_empty_rows;
    std::fill(row + count, row + shape_.keys, nan ? std::numeric_limits<float>::quiet_NaN() : 0.0f);
    emit(ScoresStage::kSoftmax, batch, head, query, row);
  }

  void emit(ScoresStage stage, Extent batch, Extent head, Extent query, const float* row) {
    if (!scores_ || stage != shape_.scores_stage) return;
    const AttentionSteps& steps = shape_.scores;
    float* to = scores_ + batch * steps.batch + head * steps.head + query * steps.row;
    for (Extent j = 0; j < shape_.keys; ++j) to[j * steps.element] = row[j];
  }

  const Attention& shape_;
  const float* q_;
  const float* k_;
  const float* v_;
  const void* const* masks_;
  float* y_;
  float* scores_;
  float* sums_;
  const float* key_ = nullptr;
  const float* value_ = nullptr;
  float* key_panels_;
  float* value_panels_;
  float* query_rows_;
  float* score_rows_;
  float* output_rows_;
};

}  // namespace

int64_t attention_scratch(const Attention& attention) {
  const int64_t rows = std::min(attention.queries, kMostRows), keys = attention.keys;
  const int64_t scores = std::min(rows * keys, std::max<int64_t>(kBlockScores, kFewestRows * keys));
  return scratch_of(attention, rows, scores).total();
}

void attention(const Attention& shape, const float* q, const float* k, const float* v,
               const void* const* masks, float* y, float* scores, float* scratch, float* sums) {
  if (shape.queries == 0 || shape.kv_heads == 0) return;
  Block block(shape, q, k, v, masks, y, scores, scratch, sums);
  const Extent group = shape.heads / shape.kv_heads;
  const Extent rows = block_rows(shape);
  for (Extent batch = 0; batch < shape.batch; ++batch) {
    for (Extent head = 0; head < shape.kv_heads; ++head) {
      block.use_head(batch, head);
      for (Extent i = 0; i < group; ++i) {
        for (Extent first = 0; first < shape.queries; first += rows) {
          block.run(batch, head * group + i, first, std::min(rows, shape.queries - first));
        }
      }
    }
  }
}

}  // namespace heed::kernels

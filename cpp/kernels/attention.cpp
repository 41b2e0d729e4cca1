#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/gemm.h"
#include "kernels/gemv.h"
#include "kernels/micro_kernel.h"
#include "kernels/pack_panels.h"
#include "kernels/row.h"
#include "kernels/scalar_math.h"
#include "kernels/softmax.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

namespace {

constexpr float kHidden = -std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// What is worked on at once: keys and values that stay in the second level cache as panels, with
// the scores of so many queries. 12 is a multiple of the tile's height.
constexpr Extent kFewestRows = 12, kMostRows = 96, kBlockScores = 16384, kBlockPanels = 32768;

Extent block_rows(const Attention& shape, Extent keys) {
  const Extent fitting = kBlockScores / std::max<Extent>(1, keys) / kFewestRows * kFewestRows;
  return std::min(shape.queries, std::clamp(fitting, kFewestRows, kMostRows));
}

// Full panels and tiles take the shortest way through the product, so that scores have room for
// them.
Extent whole_panels(Extent keys) { return static_cast<Extent>(panels_count(1, keys)); }
Extent whole_tiles(Extent rows) { return (rows + kTileRows - 1) / kTileRows * kTileRows; }

// Keys of a block; all are one where their scores are asked for.
Extent block_keys(const Attention& shape) {
  const Extent most = std::max<Extent>(kBlockPanels / (shape.width + shape.value_width + 1), 64);
  const Extent blocks = (shape.keys + most / 2) / most;
  return blocks <= 1 ? shape.keys : whole_panels((shape.keys + blocks - 1) / blocks);
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

Scratch scratch_of(const Attention& shape, Extent rows, int64_t scores) {
  const bool packed = !is_decoding(shape);
  return {packed ? panels_count(shape.width, shape.keys) : 0,
          packed ? panels_count(shape.keys, shape.value_width) : 0,
          int64_t{whole_tiles(rows)} * shape.width, scores, int64_t{rows} * shape.value_width};
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

  // Keys from `begin` on, of a grid.
  static void add_grid_mask(float* row, Extent begin, Extent count, const Mask& mask,
                            const float* values, Extent rows) {
    const Extent step = mask.steps.element;
    while (count > 0) {
      const Extent column = begin % mask.columns, run = std::min(count, mask.columns - column);
      const f32x4 of_row = splat(values[begin / mask.columns * step]);
      for_each_vector(run, [&](Extent j, int n) {
        store_partial(row + j, load_partial(row + j, n) + of_row, n);
      });
      add_mask(row, run, values + (rows + column) * step, step);
      row += run;
      begin += run;
      count -= run;
    }
  }

  // Where the mask is `value`.
  static void hide(float* row, Extent count, const uint8_t* mask, Extent step, bool value) {
    for (Extent j = 0; j < count; ++j) {
      if ((mask[j * step] != 0) == value) row[j] = kHidden;
    }
  }
};

// The maximum of a query's scores so far, and the sum of their exponentials.
struct RowState {
  float maximum = kHidden, total = 0;

  bool empty() const { return total == 0 && maximum == kHidden; }

  // exp((row - maximum) * scale) of further scores. Gives what the sums so far must be multiplied
  // with.
  float add(float* row, Extent count, float scale) {
    const float m = std::max(maximum, row_maximum(row, count));
    // Nothing is seen. (A NaN is passed over by the maximum: look again.)
    if (m == kHidden && std::all_of(row, row + count, [](float s) { return s == kHidden; })) {
      std::fill_n(row, count, 0.0f);
      return 1;
    }
    const float factor = empty() ? 1 : lane<0>(exp_negative(splat((maximum - m) * scale)));
    total = total * factor + exp_row(row, row, m, count, scale);
    maximum = m;
    return factor;
  }
};

// The computation of one block of queries of one head.
class Block {
 public:
  Block(const Attention& shape, const float* q, const float* k, const float* v,
        const void* const* masks, float* y, float* scores, float* scratch, float* sums)
      : shape_(shape), q_(q), k_(k), v_(v), masks_(masks), y_(y), scores_(scores), sums_(sums) {
    keys_ = scores || is_decoding(shape) ? shape.keys : block_keys(shape);
    rows_ = block_rows(shape, keys_);
    row_step_ = whole_panels(keys_);
    const bool masked =
        shape.masks[0].kind != MaskKind::kNone || shape.masks[1].kind != MaskKind::kNone;
    const bool scaled_scores = scores && shape.scores_stage != ScoresStage::kSoftmax;
    scales_late_ = !scaled_scores && !sums && !masked && shape.soft_cap <= 0 && shape.scale > 0 &&
                   shape.q.element == 1;
    const Scratch sizes = scratch_of(shape, rows_, int64_t{whole_tiles(rows_)} * row_step_);
    key_panels_ = scratch;
    value_panels_ = key_panels_ + sizes.keys;
    query_rows_ = value_panels_ + sizes.values;
    score_rows_ = query_rows_ + sizes.queries;
    output_rows_ = score_rows_ + sizes.scores;
  }

  Extent rows() const { return rows_; }

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
    // Dividing by the sums is left to the rows of the result where these are shorter.
    const bool late = shape_.value_width < limit || keys_ < limit;
    const AttentionSteps& steps = shape_.y;
    float* const to = y_ + batch * steps.batch + head * steps.head + first * steps.row;
    const bool direct = steps.element == 1 && !shape_.join;
    float* const output = direct ? to : output_rows_;
    const Extent output_step = direct ? steps.row : shape_.value_width;

    RowState states[kMostRows];
    Extent begin = 0;
    do {
      const Extent end = std::min(limit, begin + keys_);
      multiply_keys(rows, begin, end);
      for (Extent i = 0; i < rows; ++i) {
        const float factor = finish_row_of(batch, head, first + i, score_rows_ + i * row_step_,
                                           begin, end, late, states[i]);
        if (begin > 0 && factor != 1)
          multiply_row(output + i * output_step, factor, shape_.value_width);
      }
      multiply_values(rows, begin, end, output, output_step);
      begin = end;
    } while (begin < limit);

    for (Extent i = 0; i < rows; ++i) {
      const RowState& state = states[i];
      const bool nan = state.empty() && !shape_.zero_empty_rows;
      const float factor = nan ? kNaN : late && !state.empty() ? 1 / state.total : 1;
      float* const row = output + i * output_step;
      if (factor != 1) multiply_row(row, factor, shape_.value_width);
      const float share = sums_ ? add_sum(batch, head, first + i, state) : 1;
      for (Extent e = 0; e < shape_.value_width && !direct; ++e) {
        float& value = to[i * steps.row + e * steps.element];
        value = shape_.join ? value + (row[e] - value) * share : row[e];
      }
    }
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
    queries_ = scales_late_ ? from : query_rows_;
    query_step_ = scales_late_ ? steps.row : shape_.width;
    if (scales_late_) return;
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

  void multiply_keys(Extent rows, Extent begin, Extent end) {
    if (!is_decoding(shape_)) {
      Gemm product;
      product.rows = scales_late_ ? rows : whole_tiles(rows);
      product.columns = whole_panels(end - begin);
      product.depth = shape_.width;
      product.a_step = query_step_;
      product.c_step = row_step_;
      const float* panels = key_panels_ + static_cast<size_t>(begin) * shape_.width;
      return gemm(product, queries_, panels, nullptr, score_rows_, {});
    }
    for (Extent i = 0; i < rows; ++i) {
      gemv(end, shape_.width, queries_ + i * query_step_, key_, shape_.k.element, shape_.k.row,
           score_rows_ + i * row_step_);
    }
  }

  void multiply_values(Extent rows, Extent begin, Extent end, float* output, Extent output_step) {
    if (!is_decoding(shape_)) {
      Gemm product = {rows, shape_.value_width, end - begin, row_step_, output_step};
      product.panel_depth = shape_.keys;
      product.accumulate = begin > 0;
      const float* panels = value_panels_ + static_cast<size_t>(begin) * kPanelColumns;
      return gemm(product, score_rows_, panels, nullptr, output, {});
    }
    for (Extent i = 0; i < rows; ++i) {
      gemv(shape_.value_width, end, score_rows_ + i * row_step_, value_, shape_.v.row,
           shape_.v.element, output + i * output_step);
    }
  }

  // Keeps the logarithm of the sum; joined, it becomes the share of this set of keys, which is
  // given.
  float add_sum(Extent batch, Extent head, Extent query, const RowState& state) {
    const AttentionSteps& steps = shape_.sums;
    float& sum = sums_[batch * steps.batch + head * steps.head + query * steps.row];
    float value = state.empty() ? kHidden : state.maximum + logarithm(state.total);
    if (shape_.join) value = lane<0>(sigmoid(splat(value - sum)));
    return sum = value;
  }

  // From products with keys [begin, end) to exponentials; without `late`, to probabilities. Gives
  // what the sums so far must be multiplied with.
  float finish_row_of(Extent batch, Extent head, Extent query, float* row, Extent begin, Extent end,
                      bool late, RowState& state) {
    const RowSteps steps{shape_};
    emit(ScoresStage::kProduct, batch, head, query, row);
    if (shape_.soft_cap > 0) steps.cap(row, end - begin);
    emit(ScoresStage::kCapped, batch, head, query, row);
    const Extent masked =
        shape_.mask_keys > 0 ? std::min(shape_.mask_keys, shape_.keys) : shape_.keys;
    const Extent count = std::clamp(std::min(visible(query), masked) - begin, 0, end - begin);
    const Extent covered = std::clamp(shape_.keys - shape_.free_keys - begin, 0, count);
    for (int i = 0; i < 2; ++i) {
      const Mask& mask = shape_.masks[i];
      const AttentionSteps& s = mask.steps;
      const Extent of_query = batch % mask.batches * s.batch + head * s.head + query * s.row;
      const Extent at = of_query + begin * s.element;
      if (mask.columns > 0) {
        steps.add_grid_mask(row, begin, covered, mask,
                            static_cast<const float*>(masks_[i]) + of_query,
                            shape_.keys / mask.columns);
      } else if (mask.kind == MaskKind::kAdd) {
        steps.add_mask(row, covered, static_cast<const float*>(masks_[i]) + at, s.element);
      } else if (mask.kind != MaskKind::kNone) {
        steps.hide(row, covered, static_cast<const uint8_t*>(masks_[i]) + at, s.element,
                   mask.kind == MaskKind::kBlock);
      }
    }
    if (shape_.hide_self && query >= begin && query < begin + count) row[query - begin] = kHidden;
    const Extent whole = scores_ ? shape_.keys : end - begin;
    if (scores_) std::fill(row + count, row + whole, kHidden);
    emit(ScoresStage::kMasked, batch, head, query, row);
    const float factor = state.add(row, count, scales_late_ ? shape_.scale : 1);
    const float share = state.empty() ? 1 : 1 / state.total;
    if (!late) multiply_row(row, share, count);
    const bool nan = state.empty() && !shape_.zero_empty_rows;
    if (nan && scores_) std::fill_n(row, count, kNaN);
    std::fill(row + count, row + whole, nan && count == 0 ? kNaN : 0.0f);
    emit(ScoresStage::kSoftmax, batch, head, query, row, late ? share : 1);
    return factor;
  }

  void emit(ScoresStage stage, Extent batch, Extent head, Extent query, const float* row,
            float factor = 1) {
    if (!scores_ || stage != shape_.scores_stage) return;
    const AttentionSteps& steps = shape_.scores;
    float* to = scores_ + batch * steps.batch + head * steps.head + query * steps.row;
    for (Extent j = 0; j < shape_.keys; ++j) to[j * steps.element] = row[j] * factor;
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
  Extent keys_, rows_;  // of a block
  Extent row_step_;
  bool scales_late_;  // as exponentials are taken; q is read as it lies
  const float* queries_ = nullptr;
  Extent query_step_ = 0;
  float* key_panels_;
  float* value_panels_;
  float* query_rows_;
  float* score_rows_;
  float* output_rows_;
};

}  // namespace

int64_t attention_scratch(const Attention& attention) {
  const Extent rows = std::min(attention.queries, kMostRows), keys = whole_panels(attention.keys);
  // A block's scores, with what fills their last panels, where all keys are one or are divided.
  const int64_t most =
      std::max<int64_t>(kBlockScores + kMostRows * kPanelColumns, int64_t{kFewestRows} * keys);
  const int64_t scores = std::min(int64_t{whole_tiles(rows)} * keys, most);
  return scratch_of(attention, rows, scores).total();
}

void attention(const Attention& shape, const float* q, const float* k, const float* v,
               const void* const* masks, float* y, float* scores, float* scratch, float* sums) {
  if (shape.queries == 0 || shape.kv_heads == 0) return;
  Block block(shape, q, k, v, masks, y, scores, scratch, sums);
  const Extent group = shape.heads / shape.kv_heads;
  const Extent rows = block.rows();
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

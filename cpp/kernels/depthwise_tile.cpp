#include "kernels/depthwise_tile.h"

namespace heed::kernels {

namespace {

using simd::f32x4;

// The last channels, where vectors would reach past the end.
__attribute__((noinline)) void store_lanes(const DepthwiseTile& tile, Extent c, Extent columns,
                                           const float* sums) {
  const Extent lanes = tile.channels - c;
  for (Extent x = 0; x < columns; ++x) {
    const Extent offset = x * tile.output_step + c;
    f32x4 sum = simd::load(sums + 4 * x);
    if (tile.residual) sum += simd::load_partial(tile.residual + offset, lanes);
    simd::store_partial(tile.output + offset, apply(*tile.activation, sum), lanes);
  }
}

__attribute__((noinline)) f32x4 load_lanes(const float* from, Extent lanes) {
  return from ? simd::load_partial(from, lanes) : simd::zero();
}

// Each input vector is loaded once and multiplied with every tap that meets it.
template <int kWidth, int kStride, int kColumns>
void run_tile(const DepthwiseTile& tile, Extent columns) {
  constexpr int kInputs = (kColumns - 1) * kStride + kWidth;
  static_assert(kInputs <= kMaxTileInputs);
  for (Extent c = 0; c < tile.channels; c += 4) {
    const f32x4 bias = load_lanes(tile.bias ? tile.bias + c : nullptr, tile.channels - c);
    f32x4 sums[kColumns];
    for (f32x4& sum : sums) sum = bias;
    const float* row = tile.input + c;
    const float* weights = tile.weights + c;
    for (Extent r = 0; r < tile.rows; ++r, row += tile.row_step) {
      f32x4 taps[kWidth];
      for (int t = 0; t < kWidth; ++t, weights += tile.weight_step) taps[t] = simd::load(weights);
      const float* from = row;
      for (int i = 0; i < kInputs; ++i, from += tile.column_step) {
        const f32x4 value = simd::load(from);
        for (int t = 0; t < kWidth; ++t) {
          const int x = (i - t) / kStride;
          if (i < t || (i - t) % kStride != 0 || x >= kColumns) continue;
          sums[x] = simd::madd(value, taps[t], sums[x]);
        }
      }
    }
    if (c + 4 > tile.channels || columns < kColumns || !tile.activation->bounds_only) {
      float staged[4 * kColumns];
      for (int x = 0; x < kColumns; ++x) simd::store(staged + 4 * x, sums[x]);
      store_lanes(tile, c, columns, staged);
      continue;
    }
    if (tile.residual) {
      const float* from = tile.residual + c;
      for (int x = 0; x < kColumns; ++x, from += tile.output_step) sums[x] += simd::load(from);
    }
    const f32x4 low = simd::splat(tile.activation->low), high = simd::splat(tile.activation->high);
    float* to = tile.output + c;
    for (int x = 0; x < kColumns; ++x, to += tile.output_step) {
      simd::store(to, simd::min(simd::max(sums[x], low), high));
    }
  }
}

}  // namespace

const DepthwiseCode* find_depthwise_code(Extent width, Extent stride) {
  static constexpr DepthwiseCode kCode[3][2] = {
      {{run_tile<3, 1, 8>, 8}, {run_tile<3, 2, 8>, 8}},
      {{run_tile<5, 1, 6>, 6}, {run_tile<5, 2, 6>, 6}},
      {{run_tile<7, 1, 6>, 6}, {run_tile<7, 2, 6>, 6}},
  };
  if (stride < 1 || stride > 2) return nullptr;
  if (width != 3 && width != 5 && width != 7) return nullptr;
  return &kCode[(width - 3) / 2][stride - 1];
}

}  // namespace heed::kernels

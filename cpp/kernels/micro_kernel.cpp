#include "kernels/micro_kernel.h"

namespace heed::kernels {

namespace {

using simd::f32x4;

template <int kRows, int kChains>
struct Accumulators {
  f32x4 low[kRows][kChains];
  f32x4 high[kRows][kChains];
};

// One step along K: the outer product of a column of A and a row of the panel.
template <int kRows, int kChains>
inline void multiply_step(const float* const (&a)[kRows], int at, const float* b, int chain,
                          Accumulators<kRows, kChains>& sums) {
  const f32x4 b_low = simd::load(b + at * kPanelColumns);
  const f32x4 b_high = simd::load(b + at * kPanelColumns + 4);
  for (int r = 0; r < kRows; ++r) {
    const f32x4 value = simd::load_splat(a[r] + at);
    sums.low[r][chain] = simd::madd(value, b_low, sums.low[r][chain]);
    sums.high[r][chain] = simd::madd(value, b_high, sums.high[r][chain]);
  }
}

template <int kRows, int kChains>
inline void start(const Tile& tile, Extent rows, Accumulators<kRows, kChains>& sums) {
  const Extent low = tile.columns < 4 ? tile.columns : 4, high = tile.columns - low;
  f32x4 bias_low = simd::zero(), bias_high = simd::zero();
  if (tile.bias && !tile.resume) {
    bias_low = simd::load_partial(tile.bias, low);
    bias_high = simd::load_partial(tile.bias + low, high);
  }
  for (int r = 0; r < kRows; ++r) {
    sums.low[r][0] = bias_low;
    sums.high[r][0] = bias_high;
    for (int chain = 1; chain < kChains; ++chain) {
      sums.low[r][chain] = simd::zero();
      sums.high[r][chain] = simd::zero();
    }
    if (tile.resume && r < rows) {
      const float* c = tile.output + tile.offsets[r];
      sums.low[r][0] = simd::load_partial(c, low);
      sums.high[r][0] = simd::load_partial(c + low, high);
    }
  }
}

inline f32x4 activated(f32x4 v, const RegisterActivation& form) {
  const f32x4 low = simd::splat(form.low), high = simd::splat(form.high);
  if (form.bounds_only) return simd::min(simd::max(v, low), high);
  const f32x4 t = simd::madd(v, simd::splat(form.slope), simd::splat(form.offset));
  const f32x4 bounded = simd::min(simd::max(t, low), high);
  return simd::madd(form.gated ? v * bounded : bounded, simd::splat(form.scale),
                    simd::splat(form.shift));
}

template <bool kAllColumns, int kRows>
inline void store(const Tile& tile, Extent rows, const f32x4 (&low)[kRows],
                  const f32x4 (&high)[kRows]) {
  const Extent low_columns = kAllColumns || tile.columns > 4 ? 4 : tile.columns;
  const Extent high_columns = kAllColumns ? 4 : tile.columns - low_columns;
  for (int r = 0; r < kRows; ++r) {
    if (r >= rows) break;
    const Extent offset = tile.offsets[r];
    f32x4 first = low[r], second = high[r];
    if (tile.finish) {
      if (tile.residual) {
        const float* residual = tile.residual + offset;
        first += simd::load_partial(residual, low_columns);
        second += simd::load_partial(residual + low_columns, high_columns);
      }
      first = activated(first, *tile.activation);
      second = activated(second, *tile.activation);
    }
    float* c = tile.output + offset;
    simd::store_partial(c, first, low_columns);
    simd::store_partial(c + low_columns, second, high_columns);
  }
}

// kChains independent sums for each element hide the latency of the addition where there are few
// rows.
template <int kRows, int kChains>
void multiply(const Tile& tile, Extent rows) {
  Accumulators<kRows, kChains> sums;
  start(tile, rows, sums);
  const float* b = tile.panel;
  for (Extent segment = 0; segment < tile.segments; ++segment) {
    const float* a[kRows];
    for (int r = 0; r < kRows; ++r) a[r] = tile.rows[segment * kTileRows + r] + tile.row_offset;
    Extent left = tile.length;
    for (; left >= 4; left -= 4) {
      for (int at = 0; at < 4; ++at) multiply_step(a, at, b, at % kChains, sums);
      for (int r = 0; r < kRows; ++r) a[r] += 4;
      b += 4 * kPanelColumns;
    }
    for (; left > 0; --left) {
      multiply_step(a, 0, b, 0, sums);
      for (int r = 0; r < kRows; ++r) ++a[r];
      b += kPanelColumns;
    }
  }
  f32x4 low[kRows], high[kRows];
  for (int r = 0; r < kRows; ++r) {
    low[r] = sums.low[r][0];
    high[r] = sums.high[r][0];
    for (int chain = 1; chain < kChains; ++chain) {
      low[r] += sums.low[r][chain];
      high[r] += sums.high[r][chain];
    }
  }
  if (tile.columns == kPanelColumns) {
    store<true>(tile, rows, low, high);
  } else {
    store<false>(tile, rows, low, high);
  }
}

}  // namespace

void multiply_tile(const Tile& tile, Extent rows) {
  if (rows == 1) return multiply<1, 4>(tile, rows);
  if (rows == 2) return multiply<2, 2>(tile, rows);
  if (kTileRows > 4 && rows > 4) return multiply<kTileRows, 1>(tile, rows);
  return multiply<4, 1>(tile, rows);
}

}  // namespace heed::kernels

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

// A tile that is not full, or whose product is computed in several runs, starts and ends in memory.
struct Staged {
  float values[kTileRows][kPanelColumns];
};

__attribute__((noinline)) void load_staged(const Tile& tile, Extent rows, Staged& staged) {
  for (Extent r = 0; r < kTileRows; ++r) {
    const float* from = tile.resume ? tile.output + tile.offsets[r] : tile.bias;
    const Extent columns = from && (r < rows || !tile.resume) ? tile.columns : 0;
    for (Extent j = 0; j < kPanelColumns; ++j) staged.values[r][j] = j < columns ? from[j] : 0.0f;
  }
}

__attribute__((noinline)) void store_staged(const Tile& tile, Extent rows, const Staged& staged) {
  for (Extent r = 0; r < rows; ++r) {
    float* c = tile.output + tile.offsets[r];
    const float* residual = tile.residual ? tile.residual + tile.offsets[r] : nullptr;
    for (Extent j = 0; j < tile.columns; j += 4) {
      const Extent count = tile.columns - j;  // 4 and more are a whole vector
      f32x4 sum = simd::load(staged.values[r] + j);
      if (tile.finish) {
        if (residual) sum += simd::load_partial(residual + j, count);
        sum = apply(*tile.activation, sum);
      }
      simd::store_partial(c + j, sum, count);
    }
  }
}

template <int kRows, int kChains>
inline void start(const Tile& tile, Extent rows, Accumulators<kRows, kChains>& sums) {
  for (int r = 0; r < kRows; ++r) {
    for (int chain = 1; chain < kChains; ++chain) {
      sums.low[r][chain] = simd::zero();
      sums.high[r][chain] = simd::zero();
    }
  }
  if (tile.columns < kPanelColumns) {
    Staged staged;
    load_staged(tile, rows, staged);
    for (int r = 0; r < kRows; ++r) {
      sums.low[r][0] = simd::load(staged.values[r]);
      sums.high[r][0] = simd::load(staged.values[r] + 4);
    }
    return;
  }
  if (tile.resume) {
    for (int r = 0; r < kRows; ++r) {
      sums.low[r][0] = simd::load(tile.output + tile.offsets[r]);
      sums.high[r][0] = simd::load(tile.output + tile.offsets[r] + 4);
    }
    return;
  }
  const f32x4 low = tile.bias ? simd::load(tile.bias) : simd::zero();
  const f32x4 high = tile.bias ? simd::load(tile.bias + 4) : simd::zero();
  for (int r = 0; r < kRows; ++r) {
    sums.low[r][0] = low;
    sums.high[r][0] = high;
  }
}

template <int kRows>
inline void finish(const Tile& tile, Extent rows, f32x4 (&low)[kRows], f32x4 (&high)[kRows]) {
  // Also what is rare, so that it takes no code of its own.
  if (kRows < kTileRows || rows < kRows || tile.columns < kPanelColumns || !tile.finish) {
    Staged staged;
    for (int r = 0; r < kRows; ++r) {
      simd::store(staged.values[r], low[r]);
      simd::store(staged.values[r] + 4, high[r]);
    }
    return store_staged(tile, rows, staged);
  }
  if (tile.residual) {
    for (int r = 0; r < kRows; ++r) {
      low[r] += simd::load(tile.residual + tile.offsets[r]);
      high[r] += simd::load(tile.residual + tile.offsets[r] + 4);
    }
  }
  if (tile.activation->bounds_only) {
    const f32x4 least = simd::splat(tile.activation->low),
                most = simd::splat(tile.activation->high);
    for (int r = 0; r < kRows; ++r) {
      low[r] = simd::min(simd::max(low[r], least), most);
      high[r] = simd::min(simd::max(high[r], least), most);
    }
  } else {
    for (int r = 0; r < kRows; ++r) {
      low[r] = apply_general(*tile.activation, low[r]);
      high[r] = apply_general(*tile.activation, high[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    simd::store(tile.output + tile.offsets[r], low[r]);
    simd::store(tile.output + tile.offsets[r] + 4, high[r]);
  }
}

// `length` (at least 1) steps along K. The loop can be left after each step, which does not only
// serve the rest: V8 before its Turboshaft (Node.js 20) moves the arithmetic of a block behind all
// of the block's loads. The operands of one step have room in registers, those of four have not.
template <int kRows, int kChains>
inline void multiply_segment(const float* (&a)[kRows], const float*& b, Extent length,
                             Accumulators<kRows, kChains>& sums) {
  constexpr int kSteps = 4;
#pragma clang loop unroll(disable)
  for (;;) {
    for (int at = 0; at < kSteps; ++at) {
      multiply_step(a, at, b, at % kChains, sums);
      if (length == at + 1) {
        b += (at + 1) * kPanelColumns;
        return;
      }
    }
    length -= kSteps;
    for (int r = 0; r < kRows; ++r) a[r] += kSteps;
    b += kSteps * kPanelColumns;
  }
}

// kChains independent sums for each element hide the latency of the addition where there are few
// rows.
template <int kRows, int kChains>
void multiply(const Tile& tile, Extent rows) {
  Accumulators<kRows, kChains> sums;
  start(tile, rows, sums);
  const float* b = tile.panel;
  for (Extent segment = 0; segment < tile.segments && tile.length > 0; ++segment) {
    const float* a[kRows];
    for (int r = 0; r < kRows; ++r) a[r] = tile.rows[segment * kTileRows + r] + tile.row_offset;
    multiply_segment(a, b, tile.length, sums);
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
  finish(tile, rows, low, high);
}

}  // namespace

void multiply_tile(const Tile& tile, Extent rows) {
  if (rows == 1) return multiply<1, 4>(tile, rows);
  if (rows == 2) return multiply<2, 2>(tile, rows);
  return multiply<4, 1>(tile, rows);
}

}  // namespace heed::kernels

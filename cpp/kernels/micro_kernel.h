// The innermost step of matrix products and convolutions: a few rows times a panel of columns,
// accumulated in registers.
#pragma once

#include "base/shape.h"
#include "kernels/register_activation.h"
#include "simd/f32x4.h"

namespace heed::kernels {

// Columns of a panel: two vectors.
inline constexpr Extent kPanelColumns = 8;

// Rows of a tile: as many as leave room for the operands of a step in the engines' 15 registers.
// Measured for a depth of 256 (AMD Zen 3, native ceiling 48), GFLOP/s in Node.js 20 / Chromium 156:
//   multiply then add: 4x8 33 / 41, 5x8 22 / 46, 6x8 26 / 30;
//   relaxed multiply-add: 4x8 47 / 50, 5x8 21 / 51, 6x8 26 / 49.
inline constexpr Extent kTileRows = 4;

// C[r, j] = activation(bias[j] + sum_k A[r, k] B[k, j] + residual[r, j]), r < rows, j < columns.
struct Tile {
  // A's rows lie in pieces: row r is the concatenation over s of rows[s * kTileRows + r][row_offset
  // .. row_offset + length). Pointers of rows that do not exist repeat one that does.
  const float* const* rows;
  Extent row_offset = 0;
  Extent segments = 1;
  Extent length = 0;
  const float* panel = nullptr;     // B: [segments * length][kPanelColumns], padded with zeros
  const float* bias = nullptr;      // [columns]; null: zeros
  float* output = nullptr;          // C[r, j] is output[offsets[r] + j]
  const Extent* offsets = nullptr;  // [kTileRows]; of rows that do not exist, of one that does
  const float* residual = nullptr;  // at the same offsets; null: zeros
  Extent columns = kPanelColumns;   // 1..8
  // A product may be computed in several runs over K: all but the first start from what C holds,
  // all but the last leave out residual and activation.
  bool resume = false;
  bool finish = true;
  const RegisterActivation* activation = nullptr;
};

// `rows`: 1..kTileRows. Reads nothing beyond what is named above; C overlaps nothing.
void multiply_tile(const Tile& tile, Extent rows);

}  // namespace heed::kernels

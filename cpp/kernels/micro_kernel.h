// The innermost step of matrix products and convolutions: a few rows times a panel of columns,
// accumulated in registers.
#pragma once

#include "base/shape.h"
#include "kernels/register_activation.h"
#include "simd/f32x4.h"

namespace heed::kernels {

// Columns of a panel: two vectors.
inline constexpr Extent kPanelColumns = 8;

// Rows of a tile: kMaxTileRows where a multiply-add is one instruction of the processor, else 4.
// Measured for 240x240x256, one core, Chromium 156, GFLOP/s:
//   multiply then add: 4x8 43, 5x8 44, 6x8 43 (34 in Node.js 20), 8x8 36;   relaxed multiply-add:
//   4x8 49, 5x8 55, 6x8 59, 8x8 48.
inline constexpr Extent kMaxTileRows = 6;
extern const Extent kTileRows;

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

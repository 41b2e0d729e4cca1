// A block of rows times all panels: the loop over micro-kernels that products and convolutions
// share.
#pragma once

#include <cstddef>

#include "kernels/micro_kernel.h"

namespace heed::kernels {

inline constexpr Extent kMaxBlockTiles = 64;
inline constexpr Extent kMaxBlockPointers = 4096;  // 16 KB of stack in WebAssembly

// Rows of A as pointers and where the rows of C lie, tile by tile.
struct RowBlock {
  struct Part {
    Extent first;  // index into pointers of this tile's [segments][kTileRows]
    Extent segments, length;
  };
  Extent rows = 0;  // of C; (rows + kTileRows - 1) / kTileRows tiles
  Part parts[kMaxBlockTiles];
  const float* pointers[kMaxBlockPointers];
  // Of the row's first column in C; repeated past `rows`.
  Extent offsets[kMaxBlockTiles * kTileRows];

  Extent tiles() const { return (rows + kTileRows - 1) / kTileRows; }
};

// Which part of a larger product a block takes part in.
struct PanelRange {
  const float* panels;  // of this run over K
  size_t panel_step;    // floats from one panel to the next
  Extent columns;
  const float* bias;      // [columns]; null: zeros
  Extent row_offset = 0;  // added to every pointer of the block
  bool resume = false;    // see Tile
  bool finish = true;
};

// C[r, j] for all rows of the block and all columns. The panel stays in the first level cache while
// the rows pass by; the rows stay in the second level cache from panel to panel.
void multiply_block(const RowBlock& block, const PanelRange& range, const float* residual,
                    const RegisterActivation& activation, float* output);

// Applies an activation that has no register form to the finished rows of C.
void activate_rows(const RowBlock& block, Extent columns, const Activation& activation,
                   float* output);

}  // namespace heed::kernels

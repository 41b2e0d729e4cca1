#include "kernels/block_product.h"

#include <algorithm>

#include "kernels/elementwise_unary.h"

namespace heed::kernels {

void multiply_block(const RowBlock& block, const PanelRange& range, const float* residual,
                    const RegisterActivation& activation, float* output) {
  Tile tile{};
  tile.row_offset = range.row_offset;
  tile.resume = range.resume;
  tile.finish = range.finish;
  tile.activation = &activation;
  const Extent tiles = block.tiles();
  const float* panel = range.panels;
  for (Extent column = 0; column < range.columns; column += kPanelColumns) {
    tile.panel = panel;
    tile.bias = range.bias ? range.bias + column : nullptr;
    tile.output = output + column;
    tile.residual = residual ? residual + column : nullptr;
    tile.columns = std::min(range.columns - column, kPanelColumns);
    for (Extent t = 0; t < tiles; ++t) {
      const RowBlock::Part& part = block.parts[t];
      tile.rows = block.pointers + part.first;
      tile.segments = part.segments;
      tile.length = part.length;
      tile.offsets = block.offsets + t * kTileRows;
      multiply_tile(tile, std::min(block.rows - t * kTileRows, kTileRows));
    }
    panel += range.panel_step;
  }
}

void activate_rows(const RowBlock& block, Extent columns, const Activation& activation,
                   float* output) {
  for (Extent row = 0; row < block.rows;) {
    const Extent begin = row;
    do {
      ++row;
    } while (row < block.rows && block.offsets[row] == block.offsets[row - 1] + columns);
    activate_row(activation, output + block.offsets[begin], (row - begin) * columns);
  }
}

}  // namespace heed::kernels

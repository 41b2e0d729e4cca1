#include "kernels/gemm.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/block_product.h"

namespace heed::kernels {

namespace {

// Terms of one run over K: a panel of 32 KB and a tile of 16 KB.
constexpr Extent kMaxRun = 1024;
// Floats of A in a block, so that it stays in the second level cache.
constexpr Extent kBlockFloats = 65536;

void fill_block(const Gemm& shape, const float* a, Extent first_row, Extent length,
                RowBlock& block) {
  for (Extent t = 0; t < block.tiles(); ++t) {
    block.parts[t] = {t * kTileRows, 1, length};
    for (Extent r = 0; r < kTileRows; ++r) {
      const Extent at = t * kTileRows + r;
      const Extent row = first_row + std::min(at, block.rows - 1);
      block.pointers[at] = a + row * shape.a_step;
      block.offsets[at] = row * shape.c_step;
    }
  }
}

}  // namespace

void gemm(const Gemm& shape, const float* a, const float* panels, const float* bias, float* c,
          const Epilogue& epilogue) {
  RegisterActivation activation;
  const bool in_registers = to_register_activation(epilogue.activation, activation);
  const Extent run = std::min(shape.depth, kMaxRun);
  const Extent fitting = kBlockFloats / (std::max<Extent>(run, 1) * kTileRows);
  const Extent block_rows = std::clamp<Extent>(fitting, 1, kMaxBlockTiles) * kTileRows;
  const Extent blocks = (shape.rows + block_rows - 1) / block_rows;
  parallel_for(blocks, 1, [&](Extent begin, Extent end) {
    RowBlock block;
    for (Extent b = begin; b < end; ++b) {
      const Extent first_row = b * block_rows;
      block.rows = std::min(block_rows, shape.rows - first_row);
      Extent k = 0;
      do {
        const Extent length = std::min(run, shape.depth - k);
        fill_block(shape, a + k, first_row, length, block);
        PanelRange range;
        range.panels = panels + static_cast<size_t>(k) * kPanelColumns;
        range.panel_step =
            static_cast<size_t>(std::max(shape.depth, shape.panel_depth)) * kPanelColumns;
        range.columns = shape.columns;
        range.bias = bias;
        range.resume = k > 0 || shape.accumulate;
        range.finish = k + length == shape.depth;
        multiply_block(block, range, epilogue.residual, activation, c);
        k += length;
      } while (k < shape.depth);
      if (!in_registers) activate_rows(block, shape.columns, epilogue.activation, c);
    }
  });
}

}  // namespace heed::kernels

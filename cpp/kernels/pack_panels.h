// The form in which products read their right-hand matrix.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// Floats that B[depth, columns] takes as panels of 8 columns.
int64_t panels_count(Extent depth, Extent columns);

// A matrix B[K, N] wherever its elements lie: k counts through `extents`, last one fastest, and
// B[k, n] = data[sum_i index_i(k) * steps[i] + n * column_step].
struct PanelSource {
  const float* data = nullptr;
  Extent extents[4] = {1, 1, 1, 1};
  Extent steps[4] = {0, 0, 0, 0};
  Extent column_step = 1;

  Extent depth() const { return extents[0] * extents[1] * extents[2] * extents[3]; }
};

// The matrix data[k * row_step + n * column_step].
inline PanelSource matrix_source(const float* data, Extent depth, Extent row_step,
                                 Extent column_step) {
  return {data, {1, 1, 1, depth}, {0, 0, 0, row_step}, column_step};
}

// panels[p][k][j] = B[k, 8 p + j], zero where 8 p + j >= columns. Writes panels_count(depth,
// columns) floats.
void pack_panels(const PanelSource& source, Extent columns, float* panels);

}  // namespace heed::kernels

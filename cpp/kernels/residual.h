// What Gemm adds to its product, where that is more than a row.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// sum[m, n] = beta * c[m * row_step + n * column_step] + residual[m, n]; steps of 0 broadcast.
struct ScaledAddend {
  Extent rows = 0, columns = 0;
  Extent row_step = 0, column_step = 0;
  float beta = 1;
};

// `sum` and `residual` (may be null: zeros) are contiguous.
void scaled_addend(const ScaledAddend& shape, const float* c, const float* residual, float* sum);

}  // namespace heed::kernels

#include "kernels/residual.h"

namespace heed::kernels {

void scaled_addend(const ScaledAddend& shape, const float* c, const float* residual, float* sum) {
  for (Extent m = 0; m < shape.rows; ++m) {
    const float* row = c + m * shape.row_step;
    for (Extent n = 0; n < shape.columns; ++n) {
      *sum++ = shape.beta * row[n * shape.column_step] + (residual ? *residual++ : 0.0f);
    }
  }
}

}  // namespace heed::kernels

// A row vector times a matrix that is used once, so that packing it would cost more than the
// product.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// c[n] = sum_k a[k] B[k, n], B[k, n] being b[k * row_step + n * column_step]. a and c are
// contiguous; c overlaps nothing. One of B's steps should be 1: along it vectors are loaded.
void gemv(Extent columns, Extent depth, const float* a, const float* b, Extent row_step,
          Extent column_step, float* c);

}  // namespace heed::kernels

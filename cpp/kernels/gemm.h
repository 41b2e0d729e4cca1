// Matrix products.
#pragma once

#include "base/shape.h"
#include "kernels/epilogue.h"

namespace heed::kernels {

// C[M, N] = activation(A[M, K] B[K, N] + bias[N] + residual[M, N]).
struct Gemm {
  Extent rows = 0, columns = 0, depth = 0;  // M, N, K
  Extent a_step = 0;        // floats from one row of A to the next; along K it is contiguous
  Extent c_step = 0;        // and of C (and the residual)
  Extent panel_depth = 0;   // K of the panels where they are longer than the product; 0: depth
  bool accumulate = false;  // the product is added to what C holds; no bias
};

// B as panels (pack_panels). `bias` may be null: zeros. C overlaps neither A nor the residual. Sums
// run along K in order, split into runs of 1024 and, where M = 1 or 2, into interleaved sums:
// |error| <= K * 2^-23 * sum_k |A[m, k] B[k, n]|.
void gemm(const Gemm& shape, const float* a, const float* panels, const float* bias, float* c,
          const Epilogue& epilogue);

}  // namespace heed::kernels

// What second-order channel attention pools a feature map to.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// S[i, j] = mean over the M positions of (x[i] - mean x[i]) (x[j] - mean x[j])
// A = S / n, n the trace of S
// v = sqrt(n) * the mean of the rows of Y[steps], Newton and Schulz's iteration towards A's square
//     root: Y[0] = A, Z[0] = I, W = (3 I - Z Y) / 2, Y <- Y W, Z <- W Z
// A trace of 0 (every channel is constant) gives 0 / 0: NaN.
struct SecondOrderPool {
  Extent batch = 0, channels = 0, rows = 0, columns = 0;  // of the positions that are looked at
  Extent batch_step = 0, channel_step = 0, row_step = 0, column_step = 0;  // of x
  int steps = 5;
};

int64_t second_order_pool_scratch(const SecondOrderPool& pool);  // floats

// v (batch, channels) is contiguous and overlaps neither x nor scratch. x is read once, in pieces
// that are copied, centred and multiplied.
void second_order_pool(const SecondOrderPool& pool, const float* x, float* v, float* scratch);

}  // namespace heed::kernels

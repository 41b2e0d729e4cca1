// Softmax, its logarithm and hardmax along any axes of tensors in any layout.
#pragma once

#include "kernels/lines.h"

namespace heed::kernels {

enum class SoftmaxKind : uint8_t {
  kSoftmax,     // exp(x_i) / sum_j exp(x_j)
  kLogSoftmax,  // x_i - log(sum_j exp(x_j))
  kHardmax,     // 1 for the first of the greatest elements, 0 for the others
};

// y = f(x) along every line. The greatest element is subtracted before exp, so that nothing
// overflows; a line with a NaN or of nothing but -inf gives NaN. y may be x when their steps are
// equal. Relative error below 1e-6.
void softmax(SoftmaxKind kind, const Lines& lines, float* y, const float* x);

// The steps of it on contiguous rows; y may be x.
float row_maximum(const float* x, Extent count);  // -inf for nothing; NaN elements are passed over
// y = exp((x - shift) * scale), or nothing where y is null; gives the sum.
float exp_row(float* y, const float* x, float shift, Extent count, float scale = 1);
void multiply_row(float* y, float factor, Extent count);  // y = y * factor

}  // namespace heed::kernels

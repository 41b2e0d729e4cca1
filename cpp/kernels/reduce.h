// Reductions over any set of axes, of tensors in any layout.
#pragma once

#include "base/dtype.h"
#include "kernels/iterate.h"

namespace heed::kernels {

enum class ReduceKind : uint8_t {
  kSum,
  kMean,
  kMax,
  kMin,
  kProd,
  kL1,         // sum |x|
  kL2,         // sqrt(sum x^2)
  kSumSquare,  // sum x^2
  kLogSum,     // log(sum x)
  kLogSumExp,  // log(sum exp x)
};

struct Reduction {
  Loop kept;         // over the axes that stay, operands (x, y)
  Loop reduced;      // over the axes that go, operand (x)
  Extent count = 0;  // elements that one result is made of
};

// `axes`: one bit for each axis of `shape` that goes. `x` and `y` are steps along the axes of
// `shape`; those of y along axes that go do not matter.
Reduction make_reduction(const Shape& shape, uint32_t axes, const Strides& x, const Strides& y);

// y[kept] = the reduction of x[kept, :]. Of nothing: the sum 0, the product 1, the greatest the
// lowest value of the type, the mean NaN. x and y do not overlap. Floats are summed in blocks of at
// most 512, the blocks' sums after that: the error grows with the square root of the count rather
// than with the count. Integers are computed in 64 bits and cut to their type.
void reduce(ReduceKind kind, DType dtype, const Reduction& reduction, void* y, const void* x);

// At most kMaxTogether reductions of the same floats in one pass over them: y[k * y_step + kept].
inline constexpr int kMaxTogether = 4;
void reduce_floats(std::span<const ReduceKind> kinds, const Reduction& reduction, float* y,
                   Extent y_step, const float* x);

// mean[kept] and variance[kept] = mean((x - mean)^2), in two passes. Both lie as y does.
void moments(const Reduction& reduction, float* mean, float* variance, const float* x);

}  // namespace heed::kernels

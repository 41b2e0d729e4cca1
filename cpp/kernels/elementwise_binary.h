// Functions of two numbers and the choice between two, over tensors of any rank, layout and
// broadcasting.
#pragma once

#include "base/dtype.h"
#include "kernels/activation.h"
#include "kernels/iterate.h"

namespace heed::kernels {

enum class BinaryKind : uint8_t {
  // Arithmetic: the result has the type of the operands.
  kAdd,
  kSub,
  kMul,
  kDiv,  // of integers: towards zero; by zero: 0
  kMin,
  kMax,
  kPow,
  kModulo,     // the sign of the divisor (Python's %); integers by zero: 0
  kRemainder,  // the sign of the dividend (C's fmod)
  kPRelu,      // a < 0 ? a * b : a
  // Comparisons: the result is bool.
  kEqual,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  // Of bools and integers.
  kAnd,
  kOr,
  kXor,
  kShiftLeft,
  kShiftRight,
};

constexpr bool is_comparison(BinaryKind kind) {
  return kind >= BinaryKind::kEqual && kind <= BinaryKind::kLessOrEqual;
}

// y = activation(f(a, b)) over the loop of (y, a, b). `dtype` is that of a and b, and of y unless f
// is a comparison. Integers are computed in 64 bits and then cut to their type, so that sums and
// products wrap around. The activation is for float only. y may be a or b when their strides are
// equal. Of floats, the loop may be periodic.
void binary(BinaryKind kind, DType dtype, const Loop& loop, void* y, const void* a, const void* b,
            const Activation& activation = {});

// y = a to the power of b, for operands of two types: y has that of a.
void power(DType base, DType exponent, const Loop& loop, void* y, const void* a, const void* b);

// y = condition ? a : b over the loop of (y, condition, a, b); elements of 1, 2, 4 or 8 bytes.
void choose(size_t element_bytes, const Loop& loop, void* y, const uint8_t* condition,
            const void* a, const void* b);

}  // namespace heed::kernels

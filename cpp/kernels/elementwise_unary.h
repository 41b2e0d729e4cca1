// Functions of one float, applied to rows and to tensors.
#pragma once

#include "kernels/activation.h"
#include "kernels/iterate.h"

namespace heed::kernels {

// y = f(x). The first fourteen are those of ActivationKind, in its order.
enum class UnaryKind : uint8_t {
  kCopy,
  kRelu,
  kClip,
  kLeakyRelu,
  kSigmoid,
  kHardSigmoid,
  kHardSwish,
  kSilu,
  kTanh,
  kGelu,
  kGeluTanh,
  kElu,
  kSoftplus,
  kMish,
  kCelu,             // x < 0 ? alpha * (exp(x / alpha) - 1) : x
  kThresholdedRelu,  // x > alpha ? x : 0
  kSoftsign,         // x / (1 + |x|)
  kErf,
  kExp,
  kLog,
  kSqrt,
  kReciprocal,
  kNeg,
  kAbs,
  kFloor,
  kCeil,
  kRound,  // half to even
  kSign,
  kSin,
  kCos,
};

// f with its parameters, and what follows it: x -> scale * f(x) + shift.
struct UnaryFunction {
  UnaryKind kind = UnaryKind::kCopy;
  float alpha = 0;
  float beta = 0;
  float scale = 1;
  float shift = 0;
};

// y[i] = function(x[i]) for i in 0..count, count being any number. y may be x; otherwise they must
// not overlap.
void unary_row(const UnaryFunction& function, float* y, const float* x, Extent count);

// values[i] = activation(values[i]): what producers call on a row that they have just written.
void activate_row(const Activation& activation, float* values, Extent count);

// y = activation(function(x)) over the loop of (y, x), any strides. y may be x when their strides
// are equal.
void unary(const UnaryFunction& function, const Activation& activation, const Loop& loop, float* y,
           const float* x);

// Questions that ONNX asks of a float.
enum class FloatClass : uint8_t { kNothing, kNan, kInfinite, kPositiveInfinite, kNegativeInfinite };

// y = whether x is of that class, over the loop of (y, x).
void classify(FloatClass wanted, const Loop& loop, uint8_t* y, const float* x);

}  // namespace heed::kernels

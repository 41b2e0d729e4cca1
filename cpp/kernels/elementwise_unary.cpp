#include "kernels/elementwise_unary.h"

#include <cmath>
#include <cstring>

#include "kernels/row.h"
#include "kernels/scalar_math.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

static_assert(static_cast<int>(UnaryKind::kMish) == static_cast<int>(ActivationKind::kMish));

namespace {

// `count` is a multiple of 4.
template <class F>
HEED_INLINE void map_row(float* y, const float* x, Extent count, F f) {
  for (Extent i = 0; i < count; i += kLanes) store(y + i, f(load(x + i)));
}

template <class F>
inline void map_scalars(float* y, const float* x, Extent count, F f) {
  for (Extent i = 0; i < count; ++i) y[i] = f(x[i]);
}

// v/2 * (1 + tanh(sqrt(2/pi) * (v + 0.044715 v^3)))
f32x4 gelu_tanh(f32x4 v) {
  const f32x4 inner = v * madd(v * v, splat(0.044715f * 0.797884561f), splat(0.797884561f));
  return v * splat(0.5f) * (splat(1.0f) + tanh(inner));
}

// v * tanh(log(1 + e)) with e = exp(v) is v * n / (n + 2) with n = e * (e + 2); above 20 the
// quotient is 1.
f32x4 mish(f32x4 v) {
  const f32x4 e = exp(min(v, splat(20.0f)));
  const f32x4 n = e * (e + splat(2.0f));
  return v * (n / (n + splat(2.0f)));
}

// `count` is a multiple of 4.
void plain_row(const UnaryFunction& function, float* y, const float* x, Extent count) {
  const f32x4 alpha = splat(function.alpha);
  const f32x4 beta = splat(function.beta);
  const f32x4 zero = splat(0.0f), half = splat(0.5f), one = splat(1.0f);
  switch (function.kind) {
    case UnaryKind::kCopy:
      if (y != x) std::memcpy(y, x, static_cast<size_t>(count) * sizeof(float));
      return;
    case UnaryKind::kRelu:
      return map_row(y, x, count, [=](f32x4 v) { return max(v, zero); });
    case UnaryKind::kClip:
      return map_row(y, x, count, [=](f32x4 v) { return min(max(v, alpha), beta); });
    case UnaryKind::kLeakyRelu:
      return map_row(y, x, count, [=](f32x4 v) { return select(v < zero, alpha * v, v); });
    case UnaryKind::kHardSigmoid:
      return map_row(y, x, count,
                     [=](f32x4 v) { return min(max(madd(v, alpha, beta), zero), one); });
    case UnaryKind::kHardSwish:
      return map_row(y, x, count, [=](f32x4 v) {
        return v * min(max(madd(v, splat(1.0f / 6.0f), half), zero), one);
      });
    case UnaryKind::kSigmoid:
    case UnaryKind::kSilu: {
      const i32x4 gated = splat(function.kind == UnaryKind::kSilu ? int32_t{-1} : int32_t{0});
      return map_row(y, x, count, [=](f32x4 v) { return select(gated, v, one) / (one + exp(-v)); });
    }
    case UnaryKind::kTanh:
      return map_row(y, x, count, [](f32x4 v) { return tanh(v); });
    case UnaryKind::kGelu:
      return map_row(y, x, count, [](f32x4 v) { return gelu(v); });
    case UnaryKind::kGeluTanh:
      return map_row(y, x, count, [](f32x4 v) { return gelu_tanh(v); });
    case UnaryKind::kElu:
    case UnaryKind::kCelu: {
      const f32x4 divisor = function.kind == UnaryKind::kCelu ? alpha : one;
      return map_row(y, x, count, [=](f32x4 v) {
        return select(v < zero, alpha * expm1_negative(min(v / divisor, zero)), v);
      });
    }
    case UnaryKind::kSoftplus:
      return map_row(y, x, count, [](f32x4 v) { return softplus(v); });
    case UnaryKind::kMish:
      return map_row(y, x, count, [](f32x4 v) { return mish(v); });
    case UnaryKind::kThresholdedRelu:
      return map_row(y, x, count, [=](f32x4 v) { return select(v <= alpha, zero, v); });
    case UnaryKind::kSoftsign:
      return map_row(y, x, count, [=](f32x4 v) { return v / (one + abs(v)); });
    case UnaryKind::kErf:
      return map_row(y, x, count, [](f32x4 v) { return erf(v); });
    case UnaryKind::kExp:
      return map_row(y, x, count, [](f32x4 v) { return exp(v); });
    case UnaryKind::kLog:
      return map_row(y, x, count, [](f32x4 v) { return log(v); });
    case UnaryKind::kSqrt:
      return map_row(y, x, count, [](f32x4 v) { return sqrt(v); });
    case UnaryKind::kReciprocal:
      return map_row(y, x, count, [=](f32x4 v) { return one / v; });
    case UnaryKind::kNeg:
      return map_row(y, x, count, [](f32x4 v) { return -v; });
    case UnaryKind::kAbs:
      return map_row(y, x, count, [](f32x4 v) { return abs(v); });
    case UnaryKind::kFloor:
      return map_row(y, x, count, [](f32x4 v) { return floor(v); });
    case UnaryKind::kCeil:
      return map_row(y, x, count, [](f32x4 v) { return ceil(v); });
    case UnaryKind::kRound:
      return map_row(y, x, count, [](f32x4 v) { return round_even(v); });
    case UnaryKind::kSign:
      return map_row(y, x, count,
                     [=](f32x4 v) { return select(v > zero, one, select(v < zero, -one, v)); });
    case UnaryKind::kSin:
      return map_scalars(y, x, count, [](float v) { return sine(v); });
    case UnaryKind::kCos:
      return map_scalars(y, x, count, [](float v) { return cosine(v); });
  }
}

// One copy of each function's code serves whole vectors and what is left of a row.
[[gnu::noinline]] void whole_row(const UnaryFunction& function, float* y, const float* x,
                                 Extent count) {
  plain_row(function, y, x, count);
  if (function.scale == 1 && function.shift == 0) return;
  const f32x4 scale = splat(function.scale), shift = splat(function.shift);
  map_row(y, y, count, [=](f32x4 v) { return madd(v, scale, shift); });
}

UnaryFunction function_of(const Activation& activation) {
  return {static_cast<UnaryKind>(activation.kind), activation.alpha, activation.beta,
          activation.scale, activation.shift};
}

}  // namespace

void unary_row(const UnaryFunction& function, float* y, const float* x, Extent count) {
  // Lanes do not depend on one another, so an element's result does not depend on where in the row
  // it stands.
  const Extent rest = count % kLanes, whole = count - rest;
  if (whole > 0) whole_row(function, y, x, whole);
  if (rest == 0) return;
  float last[kLanes];
  store(last, load_rest(x + whole, rest));
  whole_row(function, last, last, kLanes);
  store_rest(y + whole, load(last), rest);
}

void activate_row(const Activation& activation, float* values, Extent count) {
  if (!activation.identity()) unary_row(function_of(activation), values, values, count);
}

void unary(const UnaryFunction& function, const Activation& activation, const Loop& loop, float* y,
           const float* x) {
  // A copy with an activation is that activation: one pass.
  const bool copies =
      function.kind == UnaryKind::kCopy && function.scale == 1 && function.shift == 0;
  const UnaryFunction first = copies ? function_of(activation) : function;
  const Activation then = copies ? Activation{} : activation;
  for_each_row(loop, [&](const Extent* at, Extent count) {
    float x_buffer[kMaxRow], y_buffer[kMaxRow];
    const float* from = read_row(x + at[1], loop.row_steps[1], count, x_buffer);
    float* to = write_row(y + at[0], loop.row_steps[0], y_buffer);
    unary_row(first, to, from, count);
    activate_row(then, to, count);
    finish_row(y + at[0], loop.row_steps[0], count, to);
  });
}

void classify(FloatClass wanted, const Loop& loop, uint8_t* y, const float* x) {
  for_each_row(loop, [&](const Extent* at, Extent count) {
    const float* from = x + at[1];
    uint8_t* to = y + at[0];
    for (Extent i = 0; i < count; ++i) {
      const float v = from[i * loop.row_steps[1]];
      bool is = false;
      switch (wanted) {
        case FloatClass::kNothing:
          break;
        case FloatClass::kNan:
          is = std::isnan(v);
          break;
        case FloatClass::kInfinite:
          is = std::isinf(v);
          break;
        case FloatClass::kPositiveInfinite:
          is = v == HUGE_VALF;
          break;
        case FloatClass::kNegativeInfinite:
          is = v == -HUGE_VALF;
          break;
      }
      to[i * loop.row_steps[0]] = is;
    }
  });
}

}  // namespace heed::kernels

// Elementary functions on four floats. NaN gives NaN. The bounds are the largest errors found over
// a dense sweep of the whole range (tests/kernels/vector_math_test.cpp), in units in the last place
// of the exact result.
#pragma once

#include "simd/f32x4.h"

namespace heed::kernels {

using simd::f32x4;
using simd::i32x4;

namespace detail {

// x = n ln 2 + r with |r| <= ln(2)/2. `shifted` is n + 1.5 * 2^23, whose lowest bits are n as an
// integer: adding and subtracting that number rounds, and saves the conversion (7 instructions on
// x86).
struct Reduced {
  f32x4 shifted, r;
};

inline f32x4 magic() { return simd::splat(12582912.0f); }

// |x| <= 2^21.
inline Reduced reduce_exp(f32x4 x) {
  using namespace simd;
  const f32x4 shifted = madd(x, splat(1.44269504f), magic());
  const f32x4 n = shifted - magic();
  // ln 2 in two parts: n times the first is exact.
  return {shifted, nmadd(n, splat(-2.12194440e-4f), nmadd(n, splat(0.693359375f), x))};
}

// 2^(n + bias - 127) for n + bias in 0..255, where 0 gives zero.
inline f32x4 power_of_two(f32x4 shifted, int32_t bias) {
  return simd::from_bits(simd::shift_left<23>(simd::bits(shifted)) + simd::splat(bias << 23));
}

// 2^(t + bias - 127) for -bias <= t <= 0, relative error 2^-23 beside that of t.
inline f32x4 exp2_negative(f32x4 t, int32_t bias) {
  using namespace simd;
  const f32x4 shifted = t + magic();
  const f32x4 r = t - (shifted - magic());
  f32x4 p = splat(1.32646994e-3f);
  p = madd(p, r, splat(9.67153441e-3f));
  p = madd(p, r, splat(5.55073395e-2f));
  p = madd(p, r, splat(2.40222424e-1f));
  p = madd(p, r, splat(6.93147004e-1f));
  p = madd(p, r, splat(1.0f));
  return p * power_of_two(shifted, bias);
}

}  // namespace detail

// exp(x) within 3 ulp; inf above 88.73; results below 2^-125 are 0.
inline f32x4 exp(f32x4 x) {
  using namespace simd;
  x = max(min(x, splat(88.8f)), splat(-87.3f));
  const auto [shifted, r] = detail::reduce_exp(x);
  f32x4 p = splat(8.29029083e-3f);
  p = madd(p, r, splat(4.18980569e-2f));
  p = madd(p, r, splat(1.66676372e-1f));
  p = madd(p, r, splat(4.99991477e-1f));
  p = madd(p, r, splat(9.99999702e-1f));
  p = madd(p, r, splat(1.0f));
  // Half the power, and the sum twice: 2^128 is no float.
  return (p + p) * detail::power_of_two(shifted, 126);
}

// exp(x) for x <= 0 in two thirds of the instructions: relative error 2^-22 + |x| 2^-23, which is
// what softmax needs of the terms that matter. 0 below -88.
inline f32x4 exp_negative(f32x4 x) {
  using namespace simd;
  return detail::exp2_negative(max(x * splat(1.44269504f), splat(-127.0f)), 127);
}

// exp(x) - 1 for x <= 0, within 3 ulp.
inline f32x4 expm1_negative(f32x4 x) {
  using namespace simd;
  const auto [shifted, r] = detail::reduce_exp(max(x, splat(-30.0f)));
  f32x4 q = splat(1.38436269e-3f);
  q = madd(q, r, splat(8.37417785e-3f));
  q = madd(q, r, splat(4.16680053e-2f));
  q = madd(q, r, splat(1.66664317e-1f));
  q = madd(q, r, splat(4.99999940e-1f));
  const f32x4 s = detail::power_of_two(shifted, 127);
  return madd(madd(q, r * r, r), s, s - splat(1.0f));
}

// |magnitude| with the sign of x.
inline f32x4 copy_sign(f32x4 magnitude, f32x4 x) {
  using namespace simd;
  return from_bits(bits(abs(magnitude)) | (bits(x) & splat(INT32_MIN)));
}

// tanh(x) within 4 ulp: -e / (2 + e) with e = exp(-2|x|) - 1.
inline f32x4 tanh(f32x4 x) {
  using namespace simd;
  const f32x4 e = expm1_negative(splat(-2.0f) * abs(x));
  return copy_sign(e / (e + splat(2.0f)), x);
}

// 1 / (1 + exp(-x)) within 4 ulp; results below 2^-126 are 0.
inline f32x4 sigmoid(f32x4 x) {
  using namespace simd;
  return splat(1.0f) / (splat(1.0f) + exp(-x));
}

// erf(x) within 4 ulp: 1 - exp(-t g(t)) for t = |x|, where g(t) = -log(erfc(t)) / t is smooth. The
// coefficients minimise the relative error of the result over 0..3.93; beyond that it is 1 in
// single precision.
inline f32x4 erf(f32x4 x) {
  using namespace simd;
  const f32x4 t = min(abs(x), splat(3.93f));
  f32x4 g = splat(4.07080970e-5f);
  g = madd(g, t, splat(-3.81001792e-4f));
  g = madd(g, t, splat(1.25177793e-3f));
  g = madd(g, t, splat(2.05711243e-4f));
  g = madd(g, t, splat(-1.93217117e-2f));
  g = madd(g, t, splat(1.02814406e-1f));
  g = madd(g, t, splat(6.36616468e-1f));
  g = madd(g, t, splat(1.12837923f));
  return copy_sign(expm1_negative(-(t * g)), x);
}

// x/2 (1 + erf(x / sqrt(2))): x times the normal distribution, |error| <= 2^-22 |x|.
// The smaller tail of the distribution is h(t) = erfc(t / sqrt(2)) / 2 = 2^(-t g(t) - 1) for t =
// |x|. g is fitted for 0..5.7; beyond, it grows fast enough for h to vanish.
inline f32x4 gelu(f32x4 x) {
  using namespace simd;
  const f32x4 t = abs(x);
  f32x4 g = splat(-1.66672760e-6f);
  g = madd(g, t, splat(2.66205700e-5f));
  g = madd(g, t, splat(-1.31991284e-4f));
  g = madd(g, t, splat(-2.51338090e-4f));
  g = madd(g, t, splat(7.19046360e-3f));
  g = madd(g, t, splat(-5.25682233e-2f));
  g = madd(g, t, splat(-4.59189743e-1f));
  g = madd(g, t, splat(-1.15110672f));
  const f32x4 h = detail::exp2_negative(max(t * g, splat(-126.0f)), 126);
  return x * select(x < splat(0.0f), h, splat(1.0f) - h);
}

// log(x) within 2 ulp; log(0) = -inf, of negative numbers NaN.
inline f32x4 log(f32x4 x) {
  using namespace simd;
  // Subnormal numbers are made normal.
  const i32x4 tiny = x < splat(1.17549435e-38f);
  const f32x4 scaled = select(tiny, x * splat(8388608.0f), x);
  // scaled = 2^e m with m in sqrt(1/2)..sqrt(2).
  const i32x4 offset = bits(scaled) - splat(0x3f3504f3);
  const i32x4 e = shift_right<23>(offset) - (tiny & splat(int32_t{23}));
  const f32x4 m = from_bits((offset & splat(0x007fffff)) + splat(0x3f3504f3));
  const f32x4 n = to_f32(e);
  const f32x4 f = m - splat(1.0f);
  f32x4 p = splat(7.0376836292e-2f);
  p = madd(p, f, splat(-1.1514610310e-1f));
  p = madd(p, f, splat(1.1676998740e-1f));
  p = madd(p, f, splat(-1.2420140846e-1f));
  p = madd(p, f, splat(1.4249322787e-1f));
  p = madd(p, f, splat(-1.6668057665e-1f));
  p = madd(p, f, splat(2.0000714765e-1f));
  p = madd(p, f, splat(-2.4999993993e-1f));
  p = madd(p, f, splat(3.3333331174e-1f));
  const f32x4 square = f * f;
  f32x4 y = p * (square * f);
  y = madd(n, splat(-2.12194440e-4f), y);
  y = nmadd(square, splat(0.5f), y);
  y = madd(n, splat(0.693359375f), f + y);
  const f32x4 inf = splat(__builtin_inff());
  y = select(x < inf, y, x);  // inf and NaN stay
  y = select(x == splat(0.0f), -inf, y);
  return select(x < splat(0.0f), splat(__builtin_nanf("")), y);
}

// log(1 + x) for x >= 0, within 4 ulp: rounding 1 + x to w loses what the factor x / (w - 1) gives
// back.
inline f32x4 log1p_positive(f32x4 x) {
  using namespace simd;
  const f32x4 w = x + splat(1.0f);
  const f32x4 d = w - splat(1.0f);
  const f32x4 y = log(w) * (x / d);
  return select(d == splat(0.0f), x, select(w == splat(__builtin_inff()), w, y));
}

// log(1 + exp(x)) within 4 ulp.
inline f32x4 softplus(f32x4 x) {
  using namespace simd;
  return max(x, splat(0.0f)) + log1p_positive(exp(-abs(x)));
}

// The greater of two, NaN where either is NaN, in four instructions (simd::max_nan takes ten on
// x86).
inline f32x4 maximum(f32x4 a, f32x4 b) {
  using namespace simd;
  return select(b != b, b, max(a, b));
}
inline f32x4 minimum(f32x4 a, f32x4 b) {
  using namespace simd;
  return select(b != b, b, min(a, b));
}

}  // namespace heed::kernels

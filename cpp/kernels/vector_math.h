// Elementary functions on four floats. NaN gives NaN. The bounds are the largest errors found over
// a dense sweep of the whole range (tests/kernels/vector_math_test.cpp), in units in the last place
// of the exact result. Those that networks spend time in are inlined into their loops.
#pragma once

#include <utility>

#include "simd/f32x4.h"

namespace heed::kernels {

using simd::f32x4;
using simd::i32x4;

namespace detail {

// Coefficients of the polynomials below, the highest power first. They are read from memory: in
// WebAssembly that is one short instruction, while a vector constant takes 18 bytes and, as engines
// do not keep it in a register, four instructions in every round of a loop.
extern const float kExp2[6];
extern const float kExp[6];
extern const float kExpm1[5];
extern const float kErf[8];
extern const float kGelu[8];
extern const float kLog[9];

// x = n ln 2 + r with |r| <= ln(2)/2. `shifted` is n + 1.5 * 2^23, whose lowest bits are n as an
// integer: adding and subtracting that number rounds, and saves the conversion (7 instructions on
// x86).
struct Reduced {
  f32x4 shifted, r;
};

// Horner's rule over kTerms coefficients, that of the highest power first. Unrolled, as loops here
// are not by themselves.
template <int kTerms>
HEED_INLINE f32x4 polynomial(const float* coefficients, f32x4 x) {
  const auto terms =
      [&]<int... kAt>(std::integer_sequence<int, kAt...>) __attribute__((always_inline)) {
        f32x4 sum = simd::load_splat(coefficients);
        ((sum = simd::madd(sum, x, simd::load_splat(coefficients + 1 + kAt))), ...);
        return sum;
      };
  return terms(std::make_integer_sequence<int, kTerms - 1>());
}

inline constexpr float kBinaryLogarithm = 1.44269504f;  // of e

HEED_INLINE f32x4 magic() { return simd::splat(12582912.0f); }

// |x| <= 2^21.
HEED_INLINE Reduced reduce_exp(f32x4 x) {
  using namespace simd;
  const f32x4 shifted = madd(x, splat(kBinaryLogarithm), magic());
  const f32x4 n = shifted - magic();
  // ln 2 in two parts: n times the first is exact.
  return {shifted, nmadd(n, splat(-2.12194440e-4f), nmadd(n, splat(0.693359375f), x))};
}

// 2^(n + bias - 127) for n + bias in 0..255, where 0 gives zero.
HEED_INLINE f32x4 power_of_two(f32x4 shifted, int32_t bias) {
  return simd::from_bits(simd::shift_left<23>(simd::bits(shifted)) + simd::splat(bias << 23));
}

// 2^(t + bias - 127) for -bias <= t <= 0, relative error 2^-23 beside that of t.
HEED_INLINE f32x4 exp2_negative(f32x4 t, int32_t bias) {
  using namespace simd;
  const f32x4 shifted = t + magic();
  const f32x4 r = t - (shifted - magic());
  const f32x4 p = detail::polynomial<6>(detail::kExp2, r);
  return p * power_of_two(shifted, bias);
}

}  // namespace detail

// exp(x) within 3 ulp; inf above 88.73; results below 2^-125 are 0.
HEED_INLINE f32x4 exp(f32x4 x) {
  using namespace simd;
  x = max(min(x, splat(88.8f)), splat(-87.3f));
  const auto [shifted, r] = detail::reduce_exp(x);
  const f32x4 p = detail::polynomial<6>(detail::kExp, r);
  // Half the power, and the sum twice: 2^128 is no float.
  return (p + p) * detail::power_of_two(shifted, 126);
}

using detail::kBinaryLogarithm;

// 2^x for x <= 0: relative error 2^-22. 0 below -127.
HEED_INLINE f32x4 exp2_negative(f32x4 x) {
  return detail::exp2_negative(simd::max(x, simd::splat(-127.0f)), 127);
}

// exp(x) for x <= 0 in two thirds of the instructions: relative error 2^-22 + |x| 2^-23, which is
// what softmax needs of the terms that matter. 0 below -88.
HEED_INLINE f32x4 exp_negative(f32x4 x) { return exp2_negative(x * simd::splat(kBinaryLogarithm)); }

// exp(x) - 1 for x <= 0, within 3 ulp.
HEED_INLINE f32x4 expm1_negative(f32x4 x) {
  using namespace simd;
  const auto [shifted, r] = detail::reduce_exp(max(x, splat(-30.0f)));
  const f32x4 q = detail::polynomial<5>(detail::kExpm1, r);
  const f32x4 s = detail::power_of_two(shifted, 127);
  return madd(madd(q, r * r, r), s, s - splat(1.0f));
}

// |magnitude| with the sign of x.
HEED_INLINE f32x4 copy_sign(f32x4 magnitude, f32x4 x) {
  using namespace simd;
  return from_bits(bits(abs(magnitude)) | (bits(x) & splat(INT32_MIN)));
}

// tanh(x) within 4 ulp: -e / (2 + e) with e = exp(-2|x|) - 1.
HEED_INLINE f32x4 tanh(f32x4 x) {
  using namespace simd;
  const f32x4 e = expm1_negative(splat(-2.0f) * abs(x));
  return copy_sign(e / (e + splat(2.0f)), x);
}

// 1 / (1 + exp(-x)) within 4 ulp; results below 2^-126 are 0.
HEED_INLINE f32x4 sigmoid(f32x4 x) {
  using namespace simd;
  return splat(1.0f) / (splat(1.0f) + exp(-x));
}

// erf(x) within 4 ulp: 1 - exp(-t g(t)) for t = |x|, where g(t) = -log(erfc(t)) / t is smooth. The
// coefficients minimise the relative error of the result over 0..3.93; beyond that it is 1 in
// single precision.
HEED_INLINE f32x4 erf(f32x4 x) {
  using namespace simd;
  const f32x4 t = min(abs(x), splat(3.93f));
  const f32x4 g = detail::polynomial<8>(detail::kErf, t);
  return copy_sign(expm1_negative(-(t * g)), x);
}

// x/2 (1 + erf(x / sqrt(2))): x times the normal distribution, |error| <= 2^-22 |x|.
// The smaller tail of the distribution is h(t) = erfc(t / sqrt(2)) / 2 = 2^(-t g(t) - 1) for t =
// |x|. g is fitted for 0..5.7; beyond, it grows fast enough for h to vanish.
HEED_INLINE f32x4 gelu(f32x4 x) {
  using namespace simd;
  const f32x4 t = abs(x);
  const f32x4 g = detail::polynomial<8>(detail::kGelu, t);
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
  const f32x4 p = detail::polynomial<9>(detail::kLog, f);
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
HEED_INLINE f32x4 maximum(f32x4 a, f32x4 b) {
  using namespace simd;
  return select(b != b, b, max(a, b));
}
HEED_INLINE f32x4 minimum(f32x4 a, f32x4 b) {
  using namespace simd;
  return select(b != b, b, min(a, b));
}

}  // namespace heed::kernels

#include "kernels/vector_math.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>

using namespace heed::kernels;
namespace simd = heed::simd;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

using Function = f32x4 (*)(f32x4);

// The largest error in units in the last place over every 4099th float in low..high. Results that
// are subnormal are let off: they may be 0.
double worst_ulp(Function function, double (*exact)(double), float low, float high) {
  double worst = 0;
  for (uint64_t bits = 0; bits < 0x100000000u; bits += 4099) {
    const uint32_t word = static_cast<uint32_t>(bits);
    float x;
    std::memcpy(&x, &word, sizeof x);
    if (!(x >= low && x <= high)) continue;
    const float y = simd::lane<0>(function(simd::splat(x)));
    const double expected = exact(static_cast<double>(x));
    if (std::abs(expected) < 2.4e-38) {
      if (std::abs(static_cast<double>(y) - expected) > 2.4e-38) return HUGE_VAL;
      continue;
    }
    if (std::abs(expected) > 3.4028235e38) {
      if (!std::isinf(y)) return HUGE_VAL;
      continue;
    }
    int exponent;
    std::frexp(static_cast<float>(expected), &exponent);
    const double error =
        std::abs(static_cast<double>(y) - expected) / std::ldexp(1.0, exponent - 24);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

float first(f32x4 v) { return simd::lane<0>(v); }

}  // namespace

TEST_CASE("elementary functions stay within their bounds over the whole range") {
  CHECK(worst_ulp(exp, std::exp, -kInf, kInf) < 3);
  CHECK(worst_ulp(expm1_negative, std::expm1, -kInf, 0) < 3);
  CHECK(worst_ulp(tanh, std::tanh, -kInf, kInf) < 4);
  CHECK(worst_ulp(erf, std::erf, -kInf, kInf) < 4);
  CHECK(worst_ulp(log, std::log, 0, kInf) < 2);
  CHECK(worst_ulp(log1p_positive, std::log1p, 0, kInf) < 4);
  CHECK(worst_ulp(sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -kInf, kInf) < 4);
  CHECK(worst_ulp(
            softplus, [](double x) { return x > 40 ? x : std::log1p(std::exp(x)); }, -kInf, kInf) <
        4);
}

TEST_CASE("exp_negative is within 2^-22 + |x| 2^-23, and exactly 0 where softmax hides a term") {
  for (float x = 0; x > -80; x -= 0.0137f) {
    const double expected = std::exp(static_cast<double>(x));
    const double error = std::abs(first(exp_negative(simd::splat(x))) / expected - 1);
    CAPTURE(x);
    REQUIRE(error <= std::ldexp(1.0, -22) + static_cast<double>(-x) * std::ldexp(1.0, -23));
  }
  CHECK(first(exp_negative(simd::splat(0.0f))) == 1.0f);
  CHECK(first(exp_negative(simd::splat(-kInf))) == 0.0f);
  CHECK(first(exp_negative(simd::splat(-1e30f))) == 0.0f);
}

TEST_CASE("gelu is within 2^-22 |x|, and 0 far below") {
  for (float x = -12; x < 12; x += 0.00173f) {
    const double exact =
        static_cast<double>(x) * 0.5 * std::erfc(-static_cast<double>(x) * M_SQRT1_2);
    CAPTURE(x);
    REQUIRE(std::abs(first(gelu(simd::splat(x))) - exact) <=
            std::abs(static_cast<double>(x)) * std::ldexp(1.0, -22));
  }
  CHECK(first(gelu(simd::splat(-1e20f))) == 0.0f);
  CHECK(first(gelu(simd::splat(1e20f))) == 1e20f);
}

TEST_CASE("elementary functions keep NaN and give the limits at infinity") {
  const f32x4 nan = simd::splat(NAN), inf = simd::splat(kInf), low = simd::splat(-kInf);
  for (const Function function : {Function(exp), Function(exp_negative), Function(expm1_negative),
                                  Function(tanh), Function(sigmoid), Function(erf), Function(log),
                                  Function(log1p_positive), Function(softplus), Function(gelu)}) {
    CHECK(std::isnan(first(function(nan))));
  }
  CHECK(first(exp(inf)) == kInf);
  CHECK(first(exp(low)) == 0.0f);
  CHECK(first(tanh(inf)) == 1.0f);
  CHECK(first(tanh(low)) == -1.0f);
  CHECK(first(erf(low)) == -1.0f);
  CHECK(first(sigmoid(low)) == 0.0f);
  CHECK(first(sigmoid(inf)) == 1.0f);
  CHECK(first(log(simd::splat(0.0f))) == -kInf);
  CHECK(first(log(inf)) == kInf);
  CHECK(std::isnan(first(log(simd::splat(-1.0f)))));
  CHECK(std::signbit(first(tanh(simd::splat(-0.0f)))));
}

TEST_CASE("maximum and minimum keep NaN from either side") {
  const f32x4 nan = simd::splat(NAN), one = simd::splat(1.0f), two = simd::splat(2.0f);
  for (const auto function : {maximum, minimum}) {
    CHECK(std::isnan(first(function(nan, one))));
    CHECK(std::isnan(first(function(one, nan))));
  }
  CHECK(first(maximum(one, two)) == 2.0f);
  CHECK(first(minimum(one, two)) == 1.0f);
}

#include "kernels/scalar_math.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace heed::kernels;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// In units in the last place of the exact result.
double error_of(float y, double exact) {
  int exponent;
  std::frexp(static_cast<float>(exact), &exponent);
  return std::abs(static_cast<double>(y) - exact) / std::ldexp(1.0, std::max(exponent, -125) - 24);
}

// Also where both are NaN, and zeros must have the same sign.
bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

}  // namespace

TEST_CASE("sine and cosine are within 0.51 units in the last place, for all arguments") {
  double worst_sine = 0, worst_cosine = 0;
  for (uint64_t bits = 0; bits < 0x100000000u; bits += 1009) {
    const float x = float_of(static_cast<uint32_t>(bits));
    if (!std::isfinite(x)) continue;
    worst_sine = std::max(worst_sine, error_of(sine(x), std::sin(static_cast<double>(x))));
    worst_cosine = std::max(worst_cosine, error_of(cosine(x), std::cos(static_cast<double>(x))));
  }
  CHECK(worst_sine < 0.51);
  CHECK(worst_cosine < 0.51);
}

TEST_CASE("sine and cosine beside the multiples of pi/2, where what remains is smallest") {
  for (int n = -20000; n < 20000; ++n) {
    for (int step = -2; step <= 2; ++step) {
      uint32_t bits;
      const auto nearest = static_cast<float>(n * 1.5707963267948966);
      std::memcpy(&bits, &nearest, sizeof bits);
      const float x = float_of(bits + static_cast<uint32_t>(step));
      if (!std::isfinite(x)) continue;
      CAPTURE(x);
      REQUIRE(error_of(sine(x), std::sin(static_cast<double>(x))) < 0.51);
      REQUIRE(error_of(cosine(x), std::cos(static_cast<double>(x))) < 0.51);
    }
  }
  // The float that comes nearest of all to a multiple of pi/2.
  const float x = std::ldexp(16367173.0f, 72);
  CHECK(error_of(cosine(x), std::cos(static_cast<double>(x))) < 0.51);
}

TEST_CASE("sine and cosine of special values") {
  CHECK(same(static_cast<double>(sine(-0.0f)), -0.0));
  CHECK(cosine(-0.0f) == 1);
  for (float x : {HUGE_VALF, -HUGE_VALF, NAN}) {
    CHECK(std::isnan(sine(x)));
    CHECK(std::isnan(cosine(x)));
  }
}

TEST_CASE("sine and cosine of double are within their bound") {
  for (double x = 1e-3; x < 2e9; x *= 1.0007) {
    CAPTURE(x);
    const double bound = 2e-10 + x * std::ldexp(1.0, -52);
    REQUIRE(std::abs(sine(x) - std::sin(x)) < bound);
    REQUIRE(std::abs(cosine(-x) - std::cos(x)) < bound);
  }
}

TEST_CASE("power is that of C for all pairs of special values") {
  const std::vector<double> values = {0.0,  -0.0, 1,   -1,   2,     -2,   3,     -3,  0.5,
                                      -0.5, 10,   -10, 1e19, -1e19, kInf, -kInf, kNaN};
  for (double base : values) {
    for (double exponent : values) {
      const double exact = std::pow(base, exponent), found = power(base, exponent);
      CAPTURE(base, exponent, exact, found);
      const bool finite = std::isfinite(exact) && exact != 0 && std::isfinite(found);
      CHECK((finite ? std::abs(found / exact - 1) < 2e-13 : same(found, exact)));
    }
  }
}

TEST_CASE("power of whole numbers is exact, that of others within its bound") {
  for (int base = -12; base <= 12; ++base) {
    double product = 1;
    for (int exponent = 0; exponent <= 14; ++exponent, product *= base)
      REQUIRE(power(base, exponent) == product);
  }
  for (double base = 1e-30; base < 1e30; base *= 3.7) {
    for (double exponent = -9.37; exponent < 9; exponent += 0.173) {
      CAPTURE(base, exponent);
      REQUIRE(std::abs(power(base, exponent) / std::pow(base, exponent) - 1) < 2e-13);
    }
    for (double exponent = -9; exponent < 9; ++exponent) {
      CAPTURE(base, exponent);
      REQUIRE(std::abs(power(base, exponent) / std::pow(base, exponent) - 1) < 2e-15);
    }
  }
}

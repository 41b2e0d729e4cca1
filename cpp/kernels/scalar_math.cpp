#include "kernels/scalar_math.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace heed::kernels {

namespace {

// The bits of 2/pi after the point, behind 32 zeros.
constexpr uint32_t kTwoOverPi[] = {0,          0xA2F9836E, 0x4E441529, 0xFC2757D1,
                                   0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB};

// x = n * pi/2 + r with |r| <= pi/4; of n the two lowest bits matter. 1 <= |x| < infinity.
//
// x = m * 2^e with a whole m of 24 bits. In m * 2^e * 2/pi the bits of 2/pi whose product with m is
// a multiple of 4 count nothing. Of those that follow, 96 make the product exact to 2^-62.
double reduce(float x, uint32_t& n) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint64_t m = (bits & 0x7fffff) | 0x800000;
  const uint32_t start = (bits >> 23 & 0xff) - 120;  // of the 96 bits: e + 30
  const uint32_t* word = kTwoOverPi + start / 32;
  const auto word_at = [&](int i) -> uint64_t {
    return static_cast<uint32_t>(((static_cast<uint64_t>(word[i]) << 32) | word[i + 1]) >>
                                 (32 - start % 32));
  };
  const uint64_t product = ((m * word_at(0)) << 32) + m * word_at(1) + ((m * word_at(2)) >> 32);
  const uint64_t whole = product + (uint64_t{1} << 61);
  n = static_cast<uint32_t>(whole >> 62);
  const auto rest = static_cast<int64_t>(product - (whole & uint64_t{3} << 62));
  const double r = static_cast<double>(rest) * (0x1p-62 * 1.5707963267948966);
  if (x >= 0) return r;
  n = -n;
  return -r;
}

// Of sin(r) / r and of cos(r), from that of r^2 on; at pi/4 the first power that is left out is
// 1e-11 and 1e-10.
constexpr double kSeries[2][5] = {
    {-1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800},
    {-1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800},
};

// sin(r + quadrant * pi/2), |r| <= pi/4.
double series_of(double r, uint32_t quadrant) {
  const double z = r * r;
  const double* series = kSeries[quadrant & 1];
  const double sum =
      (((series[4] * z + series[3]) * z + series[2]) * z + series[1]) * z + series[0];
  const double value = (quadrant & 1 ? 1 : r) * (1 + z * sum);
  return quadrant & 2 ? -value : value;
}

// sin(x + quadrant * pi/2).
double sine_of(double x, uint32_t quadrant) {
  // pi/2 in two parts: for |n| < 2^20, n times the first is exact. (+ 0 keeps the sign of a zero:
  // n is not -0.)
  const double n = std::nearbyint(x * 0.6366197723675814) + 0.0;
  const double r = (x - n * 0x1.921fb544p+0) - n * 0x1.0b4611a626331p-34;
  return series_of(r, quadrant + static_cast<uint32_t>(static_cast<int32_t>(n)));
}

float sine_of(float x, uint32_t quadrant) {
  if (std::fabs(x) < 0x1p20f) return static_cast<float>(sine_of(static_cast<double>(x), quadrant));
  if (!(std::fabs(x) < HUGE_VALF)) return x - x;
  uint32_t n;
  const double r = reduce(x, n);
  return static_cast<float>(series_of(r, quadrant + n));
}

}  // namespace

float sine(float x) { return sine_of(x, 0); }
float cosine(float x) { return sine_of(x, 1); }
double sine(double x) { return sine_of(x, 0); }
double cosine(double x) { return sine_of(x, 1); }

double power(double base, double exponent) {
  if (std::fabs(exponent) < 0x1p63 && exponent == std::trunc(exponent)) {
    double result = 1;
    for (auto left = static_cast<uint64_t>(std::fabs(exponent)); left != 0; left /= 2) {
      if (left % 2 != 0) result *= base;
      base *= base;
    }
    return exponent < 0 ? 1 / result : result;
  }
  // Where the sign of the base counts nothing: exponents as large as this are even.
  if (std::fabs(exponent) >= 0x1p63 || std::fabs(base) == HUGE_VAL) base = std::fabs(base);
  if (base == 1) return 1;
  // exp(y), y = n ln 2 + r: by the sum of powers.
  const double y = exponent * std::log(base);
  if (!(y == y)) return y;
  const double clamped = y > 800 ? 800 : y < -800 ? -800 : y;
  const double n = std::nearbyint(clamped * 1.4426950408889634);
  const double r = (clamped - n * 0x1.62e42fefa38p-1) - n * 0x1.ef35793c7673p-45;
  double sum = 1;
  for (int k = 14; k > 0; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(n));
}

}  // namespace heed::kernels

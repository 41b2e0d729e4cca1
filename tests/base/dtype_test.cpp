#include "base/dtype.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace heed;

namespace {

// IEEE 754-2008 half precision by its definition.
double half_by_definition(uint16_t half) {
  const int sign = half >> 15, exponent = (half >> 10) & 31, mantissa = half & 1023;
  double magnitude =
      std::ldexp(exponent == 0 ? mantissa : 1024 + mantissa, std::max(exponent, 1) - 25);
  if (exponent == 31) {
    magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  }
  return sign ? -magnitude : magnitude;
}

bool is_nan(uint16_t half) { return (half & 0x7fff) > 0x7c00; }

}  // namespace

TEST_CASE("every half becomes the float of the same value", "[dtype]") {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if (is_nan(half)) {
      CHECK(std::isnan(value));
    } else if (value != half_by_definition(half) || std::signbit(value) != (half >> 15 != 0)) {
      FAIL("half " << bits << " became " << value);
    }
  }
}

TEST_CASE("every half survives the way to float and back", "[dtype]") {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const uint16_t back = float_to_half(half_to_float(half));
    if (is_nan(half) ? !is_nan(back) : back != half)
      FAIL("half " << bits << " came back as " << back);
  }
}

TEST_CASE("floats round to the nearest half, ties to even", "[dtype]") {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits + 1);
    // 65520 is where rounding reaches infinity: the next half after 65504 would be 65536.
    const double above = high == 0x7c00 ? 65536.0 : half_by_definition(high);
    const auto middle = static_cast<float>((half_by_definition(low) + above) / 2);
    const float below_middle = std::nextafter(middle, 0.0f),
                above_middle = std::nextafter(middle, 1e9f);
    const uint16_t even = low % 2 == 0 ? low : high;
    if (float_to_half(middle) != even || float_to_half(below_middle) != low ||
        float_to_half(above_middle) != high || float_to_half(-middle) != (even | 0x8000)) {
      FAIL("between halves " << bits << " and " << bits + 1);
    }
  }
  CHECK(float_to_half(1e9f) == 0x7c00);
  CHECK(float_to_half(-1e9f) == 0xfc00);
  CHECK(float_to_half(1e-30f) == 0);
}

TEST_CASE("sizes and names belong to the types", "[dtype]") {
  CHECK(byte_size(DType::kF32) == 4);
  CHECK(byte_size(DType::kF16) == 2);
  CHECK(byte_size(DType::kI64) == 8);
  CHECK(byte_size(DType::kBool) == 1);
  CHECK(dtype_name(DType::kF32) == "float32");
  CHECK(dtype_name(DType::kI64) == "int64");
  CHECK(dtype_name(DType::kBool) == "bool");
}

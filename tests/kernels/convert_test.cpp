#include "kernels/convert.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace heed;

namespace {

template <class From, class To>
std::vector<To> converted(DType from, const std::vector<From>& values, DType to) {
  std::vector<To> result(values.size());
  kernels::convert(from, values.data(), to, result.data(), static_cast<Extent>(values.size()));
  return result;
}

const float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("floats become integers towards zero, saturating, and NaN becomes 0") {
  const std::vector<float> values = {1.9f, -1.9f, 127.5f,    128,        -128.9f, -129, 255.9f,
                                     256,  -0.5f, kInfinity, -kInfinity, NAN,     3e9f, -3e9f};
  CHECK(converted<float, int8_t>(DType::kF32, values, DType::kI8) ==
        std::vector<int8_t>{1, -1, 127, 127, -128, -128, 127, 127, 0, 127, -128, 0, 127, -128});
  CHECK(converted<float, uint8_t>(DType::kF32, values, DType::kU8) ==
        std::vector<uint8_t>{1, 0, 127, 128, 0, 0, 255, 255, 0, 255, 0, 0, 255, 0});
  CHECK(converted<float, int32_t>(DType::kF32, values, DType::kI32) ==
        std::vector<int32_t>{1, -1, 127, 128, -128, -129, 255, 256, 0, INT32_MAX, INT32_MIN, 0,
                             INT32_MAX, INT32_MIN});
  CHECK(converted<float, int64_t>(DType::kF32, {9.3e18f, -9.3e18f, 3e9f, NAN}, DType::kI64) ==
        std::vector<int64_t>{INT64_MAX, INT64_MIN, 3000000000, 0});
}

TEST_CASE("integers become narrower ones by their low bits") {
  const std::vector<int64_t> values = {300, -1, 128, int64_t{1} << 40, -(int64_t{1} << 31) - 1};
  CHECK(converted<int64_t, uint8_t>(DType::kI64, values, DType::kU8) ==
        std::vector<uint8_t>{44, 255, 128, 0, 255});
  CHECK(converted<int64_t, int8_t>(DType::kI64, values, DType::kI8) ==
        std::vector<int8_t>{44, -1, -128, 0, -1});
  CHECK(converted<int64_t, int32_t>(DType::kI64, values, DType::kI32) ==
        std::vector<int32_t>{300, -1, 128, 0, INT32_MAX});
}

TEST_CASE("64-bit integers keep all their digits") {
  const std::vector<int64_t> values = {INT64_MAX, INT64_MIN, (int64_t{1} << 53) + 1};
  CHECK(converted<int64_t, int64_t>(DType::kI64, values, DType::kI64) == values);
}

TEST_CASE("what is not zero becomes true, NaN too") {
  CHECK(converted<float, uint8_t>(DType::kF32, {0, -0.0f, 0.1f, NAN}, DType::kBool) ==
        std::vector<uint8_t>{0, 0, 1, 1});
  CHECK(converted<int64_t, uint8_t>(DType::kI64, {0, int64_t{1} << 40}, DType::kBool) ==
        std::vector<uint8_t>{0, 1});
  CHECK(converted<uint8_t, float>(DType::kBool, {0, 1, 7}, DType::kF32) ==
        std::vector<float>{0, 1, 1});
}

TEST_CASE("half precision rounds to even and overflows to infinity") {
  CHECK(converted<float, uint16_t>(
            DType::kF32,
            {1, 65519, 65520, -kInfinity, 1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 0x1p-24f, 0x1p-26f},
            DType::kF16) ==
        std::vector<uint16_t>{0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x3c00, 0x3c02, 1, 0});
  CHECK(converted<uint16_t, float>(DType::kF16, {0x3c00, 0x7bff, 0xfc00, 1}, DType::kF32) ==
        std::vector<float>{1, 65504, -kInfinity, 0x1p-24f});
}

TEST_CASE("every element of a long tensor is converted, and none behind it") {
  for (Extent count : {1, 255, 256, 257, 1000}) {
    std::vector<int32_t> from(size_t(count) + 1);
    for (size_t i = 0; i < from.size(); ++i) from[i] = int32_t(i) - 300;
    std::vector<float> to(from.size(), 0.5f);
    kernels::convert(DType::kI32, from.data(), DType::kF32, to.data(), count);
    for (Extent i = 0; i < count; ++i) REQUIRE(to[size_t(i)] == float(i - 300));
    CHECK(to.back() == 0.5f);
  }
}

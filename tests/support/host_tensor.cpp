#include "support/host_tensor.h"

#include <algorithm>
#include <cmath>

namespace heed::test {

double element(const HostTensor& tensor, size_t i) {
  switch (tensor.dtype) {
    case DType::kF32:
      return tensor.values<float>()[i];
    case DType::kF16:
      return half_to_float(tensor.values<uint16_t>()[i]);
    case DType::kI64:
      return static_cast<double>(tensor.values<int64_t>()[i]);
    case DType::kI32:
      return tensor.values<int32_t>()[i];
    case DType::kU8:
      return tensor.values<uint8_t>()[i];
    case DType::kI8:
      return tensor.values<int8_t>()[i];
    case DType::kBool:
      return tensor.values<uint8_t>()[i];
  }
  return 0;
}

std::string difference(const HostTensor& actual, const HostTensor& expected, Tolerance tolerance) {
  if (actual.dtype != expected.dtype) {
    return join("has type ", dtype_name(actual.dtype), ", expected ", dtype_name(expected.dtype));
  }
  if (!(actual.shape == expected.shape)) {
    return join("has shape ", actual.shape, ", expected ", expected.shape);
  }
  if (actual.data == expected.data) return {};
  const bool real = expected.dtype == DType::kF32 || expected.dtype == DType::kF16;
  if (!real) tolerance = {};
  const auto count = static_cast<size_t>(expected.shape.count());
  size_t wrong = 0, worst = 0;
  double worst_excess = 0;
  for (size_t i = 0; i < count; ++i) {
    const double a = element(actual, i), b = element(expected, i);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    double excess = std::abs(a - b) / (tolerance.absolute + tolerance.relative * std::abs(b));
    if (excess <= 1) continue;
    if (std::isnan(excess)) excess = HUGE_VAL;
    ++wrong;
    if (excess > worst_excess) {
      worst_excess = excess;
      worst = i;
    }
  }
  if (wrong == 0) return {};
  return join("differs in ", uint64_t{wrong}, " of ", uint64_t{count}, " elements, worst at ",
              uint64_t{worst}, ": ", element(actual, worst), ", expected ",
              element(expected, worst));
}

double relative_error(std::span<const float> actual, std::span<const float> expected) {
  double largest = 0, worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(double{expected[i]}));
    const double error = std::abs(double{actual[i]} - double{expected[i]});
    if (!(error <= worst)) worst = std::isnan(error) ? HUGE_VAL : error;
  }
  return largest > 0 ? worst / largest : worst;
}

std::vector<float> random_floats(size_t count, uint32_t seed, float low, float high) {
  std::vector<float> values(count);
  uint32_t state = seed * 2654435761u + 1;
  for (float& value : values) {
    // xorshift32
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    value = low + (high - low) * static_cast<float>(state >> 8) / 16777216.0f;
  }
  return values;
}

}  // namespace heed::test

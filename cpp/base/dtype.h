// Element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heed {

// float16 is a storage type: arithmetic on it happens in float32.
enum class DType : uint8_t { kF32, kF16, kI64, kI32, kU8, kI8, kBool };

inline constexpr int kDTypeCount = 7;

// Bytes of one element.
constexpr size_t byte_size(DType dtype) {
  constexpr size_t kSizes[kDTypeCount] = {4, 2, 8, 4, 1, 1, 1};
  return kSizes[static_cast<size_t>(dtype)];
}

// "float32", "int64", ... : the names of the TypeScript `DType`.
std::string_view dtype_name(DType dtype);

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kF32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::kI64;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::kI32;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::kU8;
};
template <>
struct DTypeOf<int8_t> {
  static constexpr DType value = DType::kI8;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::kBool;
};

// IEEE half precision to single, exactly; and back, rounding to nearest even.
float half_to_float(uint16_t half);
uint16_t float_to_half(float value);

}  // namespace heed

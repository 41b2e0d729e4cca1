#include "formats/elements.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <iterator>

#include "formats/onnx_messages.h"

namespace heed {

using namespace onnx;

namespace {

constexpr Storage kStorage[] = {
    /* kUndefined */ {},
    /* kFloat */ {4, true, DType::kF32},
    /* kUint8 */ {1, true, DType::kU8},
    /* kInt8 */ {1, true, DType::kI8},
    /* kUint16 */ {2, false, DType::kI32},
    /* kInt16 */ {2, false, DType::kI32},
    /* kInt32 */ {4, true, DType::kI32},
    /* kInt64 */ {8, true, DType::kI64},
    /* kString */ {},
    /* kBoolean */ {1, false, DType::kBool},
    /* kFloat16 */ {2, false, DType::kF32},
    /* kDouble */ {8, false, DType::kF32},
    /* kUint32 */ {4, false, DType::kI64},
    /* kUint64 */ {8, false, DType::kI64},
    /* complex64 */ {},
    /* complex128 */ {},
    /* kBfloat16 */ {2, false, DType::kF32},
};

float bfloat16_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

// Large finite numbers stay finite: exporters write the lowest float64 for "minus infinity" in
// masks, and a true infinity would turn fully masked rows into NaN.
float double_to_float(double value) {
  if (std::isinf(value)) return static_cast<float>(value);
  return static_cast<float>(std::clamp(value, double{-FLT_MAX}, double{FLT_MAX}));
}

template <class T>
T get(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

uint64_t get_bits(const char* bytes, size_t size) {
  if (size == 1) return get<uint8_t>(bytes);
  if (size == 2) return get<uint16_t>(bytes);
  return size == 4 ? get<uint32_t>(bytes) : get<uint64_t>(bytes);
}

template <class T>
void put(std::byte* out, T value) {
  std::memcpy(out, &value, sizeof value);
}

}  // namespace

const Storage* storage_of(int64_t type) {
  if (type < 0 || type >= static_cast<int64_t>(std::size(kStorage))) return nullptr;
  return kStorage[type].size == 0 ? nullptr : &kStorage[type];
}

bool convert_elements(int64_t type, const char* bytes, size_t size, size_t count, std::byte* out) {
  const size_t step = byte_size(storage_of(type)->dtype);
  for (; count > 0; --count, bytes += size, out += step) {
    const uint64_t bits = get_bits(bytes, size);
    switch (type) {
      case kFloat16:
        put(out, half_to_float(static_cast<uint16_t>(bits)));
        break;
      case kBfloat16:
        put(out, bfloat16_to_float(static_cast<uint16_t>(bits)));
        break;
      case kDouble:
        put(out, double_to_float(std::bit_cast<double>(bits)));
        break;
      case kUint16:
        put(out, int32_t{static_cast<uint16_t>(bits)});
        break;
      case kInt16:
        put(out, int32_t{static_cast<int16_t>(bits)});
        break;
      case kUint32:
        put(out, int64_t{static_cast<uint32_t>(bits)});
        break;
      case kBoolean:
        put(out, uint8_t{bits != 0});
        break;
      default:
        std::memcpy(out, &bits, step);
        if (type == kUint64 && bits > uint64_t{INT64_MAX}) return false;
    }
  }
  return true;
}

}  // namespace heed

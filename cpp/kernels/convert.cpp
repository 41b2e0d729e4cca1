#include "kernels/convert.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/parallel.h"

namespace heed::kernels {

namespace {

// Elements pass through a block of the widest type of their kind, float or int64: 7 + 7 loops
// instead of 49. A block stays in the first-level cache.
constexpr Extent kBlock = 256;

struct Half {
  uint16_t bits;
};
struct Boolean {
  uint8_t value;
};

template <class Function>
void with_type(DType dtype, Function function) {
  switch (dtype) {
    case DType::kF32:
      return function(float{});
    case DType::kF16:
      return function(Half{});
    case DType::kI64:
      return function(int64_t{});
    case DType::kI32:
      return function(int32_t{});
    case DType::kU8:
      return function(uint8_t{});
    case DType::kI8:
      return function(int8_t{});
    case DType::kBool:
      return function(Boolean{});
  }
}

template <class To, class From>
To convert_one(From from) {
  if constexpr (std::is_same_v<To, Boolean>) {
    return {static_cast<uint8_t>(from != 0)};
  } else if constexpr (std::is_same_v<To, Half>) {
    return {float_to_half(static_cast<float>(from))};
  } else if constexpr (std::is_integral_v<To> && std::is_same_v<From, float>) {
    // Both bounds are powers of two (or 0), so that the comparisons are exact.
    constexpr auto kLowest = static_cast<float>(std::numeric_limits<To>::lowest());
    constexpr float kAbove = static_cast<float>(std::numeric_limits<To>::max() / 2 + 1) * 2;
    if (!(from > kLowest)) return from == from ? std::numeric_limits<To>::lowest() : To{0};
    return from >= kAbove ? std::numeric_limits<To>::max() : static_cast<To>(from);
  } else {
    return static_cast<To>(from);
  }
}

template <class From>
auto widened(From from) {
  if constexpr (std::is_same_v<From, Half>) {
    return half_to_float(from.bits);
  } else if constexpr (std::is_same_v<From, Boolean>) {
    return static_cast<int64_t>(from.value != 0);
  } else if constexpr (std::is_same_v<From, float>) {
    return from;
  } else {
    return static_cast<int64_t>(from);
  }
}

template <class Wide>
void store_block(const Wide* block, DType to_type, void* to, Extent first, Extent count) {
  with_type(to_type, [&]<class To>(To) {
    To* target = static_cast<To*>(to) + first;
    for (Extent i = 0; i < count; ++i) target[i] = convert_one<To>(block[i]);
  });
}

}  // namespace

void convert(DType from_type, const void* from, DType to_type, void* to, Extent count) {
  parallel_for(count, 1 << 16, [&](Extent begin, Extent end) {
    with_type(from_type, [&]<class From>(From) {
      using Wide = decltype(widened(From{}));
      Wide block[kBlock];
      for (Extent first = begin; first < end; first += kBlock) {
        const Extent length = std::min(kBlock, end - first);
        const From* source = static_cast<const From*>(from) + first;
        for (Extent i = 0; i < length; ++i) block[i] = widened(source[i]);
        store_block<Wide>(block, to_type, to, first, length);
      }
    });
  });
}

}  // namespace heed::kernels

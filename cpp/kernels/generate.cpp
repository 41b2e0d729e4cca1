#include "kernels/generate.h"

#include <algorithm>
#include <cstring>

#include "kernels/copy.h"

namespace heed::kernels {

namespace {

template <class T, class Sum>
void fill_range_typed(const void* start, const void* delta, void* to, Extent count) {
  const auto first = static_cast<Sum>(*static_cast<const T*>(start));
  const auto step = static_cast<Sum>(*static_cast<const T*>(delta));
  auto* target = static_cast<T*>(to);
  for (Extent i = 0; i < count; ++i) {
    target[i] = static_cast<T>(first + static_cast<Sum>(i) * step);
  }
}

bool is_non_zero(DType dtype, const void* from, Extent at) {
  switch (dtype) {
    case DType::kF32:
      return static_cast<const float*>(from)[at] != 0;
    case DType::kI64:
      return static_cast<const int64_t*>(from)[at] != 0;
    case DType::kI32:
      return static_cast<const int32_t*>(from)[at] != 0;
    case DType::kF16:
      return (static_cast<const uint16_t*>(from)[at] & 0x7fff) != 0;
    default:
      return static_cast<const uint8_t*>(from)[at] != 0;
  }
}

}  // namespace

void fill_range(DType dtype, const void* start, const void* delta, void* to, Extent count) {
  if (dtype == DType::kF32) {
    fill_range_typed<float, float>(start, delta, to, count);
  } else if (dtype == DType::kI64) {
    fill_range_typed<int64_t, uint64_t>(start, delta, to, count);
  } else {
    fill_range_typed<int32_t, uint32_t>(start, delta, to, count);
  }
}

void copy_triangle(const TriangleShape& shape, bool upper, int64_t diagonal, const void* from,
                   void* to, size_t element_bytes) {
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  const size_t row_bytes = static_cast<size_t>(shape.columns) * element_bytes;
  if (row_bytes == 0) return;  // pointers to empty tensors may be null
  // So that the sum below does not overflow; any diagonal beyond the extents is as good as one just
  // beyond.
  diagonal = std::clamp<int64_t>(diagonal, -int64_t{shape.rows} - 1, int64_t{shape.columns} + 1);
  for (Extent b = 0; b < shape.batch; ++b) {
    for (Extent r = 0; r < shape.rows; ++r, source += row_bytes, target += row_bytes) {
      const int64_t edge = r + diagonal + (upper ? 0 : 1);
      const auto split =
          static_cast<size_t>(std::clamp<int64_t>(edge, 0, shape.columns)) * element_bytes;
      const size_t begin = upper ? split : 0, end = upper ? row_bytes : split;
      std::memset(target, 0, begin);
      copy_row(source + begin, target + begin, end - begin);
      std::memset(target + end, 0, row_bytes - end);
    }
  }
}

void fill_eye(Extent rows, Extent columns, int64_t diagonal, const void* one, void* to,
              size_t element_bytes) {
  auto* target = static_cast<std::byte*>(to);
  const size_t row_bytes = static_cast<size_t>(columns) * element_bytes;
  if (row_bytes == 0) return;  // pointers to empty tensors may be null
  diagonal = std::clamp<int64_t>(diagonal, -int64_t{rows}, columns);
  for (Extent r = 0; r < rows; ++r, target += row_bytes) {
    std::memset(target, 0, row_bytes);
    const int64_t c = r + diagonal;
    if (c >= 0 && c < columns) {
      std::memcpy(target + static_cast<size_t>(c) * element_bytes, one, element_bytes);
    }
  }
}

void one_hot(Extent outer, Extent depth, Extent inner, const int64_t* indices, const void* values,
             void* to, size_t element_bytes) {
  auto* target = static_cast<std::byte*>(to);
  const auto* on = static_cast<const std::byte*>(values) + element_bytes;
  fill_row(values, to, outer * depth * inner, element_bytes);
  for (Extent o = 0; o < outer; ++o) {
    for (Extent i = 0; i < inner; ++i) {
      int64_t index = indices[o * inner + i];
      if (index < 0) index += depth;
      if (index < 0 || index >= depth) continue;
      const Extent at = (o * depth + static_cast<Extent>(index)) * inner + i;
      std::memcpy(target + static_cast<size_t>(at) * element_bytes, on, element_bytes);
    }
  }
}

Extent count_non_zero(DType dtype, const void* from, Extent count) {
  Extent found = 0;
  for (Extent i = 0; i < count; ++i) found += is_non_zero(dtype, from, i) ? 1 : 0;
  return found;
}

void find_non_zero(DType dtype, const void* from, const Shape& shape, Extent found, int64_t* to) {
  const Extent count = shape.count();
  Extent at = 0;
  for (Extent i = 0; i < count && at < found; ++i) {
    if (!is_non_zero(dtype, from, i)) continue;
    for (int axis = shape.rank() - 1, rest = i; axis >= 0; --axis) {
      to[axis * found + at] = rest % shape[axis];
      rest /= shape[axis];
    }
    ++at;
  }
}

}  // namespace heed::kernels

#include "kernels/scatter.h"

#include <type_traits>

#include "kernels/copy.h"

namespace heed::kernels {

namespace {

template <class T>
T combine(Reduction reduction, T old, T update) {
  switch (reduction) {
    case Reduction::kNone:
      return update;
    case Reduction::kMinimum:
      return update < old || update != update ? update : old;
    case Reduction::kMaximum:
      return update > old || update != update ? update : old;
    case Reduction::kAdd:
    case Reduction::kMultiply:
      if constexpr (std::is_integral_v<T>) {
        // Integers wrap around; 64 unsigned bits hold the products of narrower ones too.
        const auto a = static_cast<uint64_t>(old), b = static_cast<uint64_t>(update);
        return static_cast<T>(reduction == Reduction::kAdd ? a + b : a * b);
      } else {
        return reduction == Reduction::kAdd ? old + update : old * update;
      }
  }
  return update;
}

template <class T>
void scatter_elements_typed(const Shape& to_shape, const Shape& shape, int axis,
                            Reduction reduction, Indices indices, const void* updates, void* to) {
  const auto* source = static_cast<const T*>(updates);
  auto* target = static_cast<T*>(to);
  const Strides steps = strides_of(to_shape);
  const Extent count = shape.count();
  for (Extent i = 0; i < count; ++i) {
    Extent offset = indices.clamped(i, to_shape[axis]) * steps[axis];
    for (int at = shape.rank() - 1, rest = i; at >= 0; --at) {
      if (at != axis) offset += rest % shape[at] * steps[at];
      rest /= shape[at];
    }
    target[offset] = combine(reduction, target[offset], source[i]);
  }
}

template <class T>
void combine_row(Reduction reduction, const void* updates, void* to, Extent offset, Extent first,
                 Extent count) {
  const T* source = static_cast<const T*>(updates) + first;
  T* target = static_cast<T*>(to) + offset;
  for (Extent i = 0; i < count; ++i) target[i] = combine(reduction, target[i], source[i]);
}

}  // namespace

void scatter_elements(const Shape& to_shape, const Shape& shape, int axis, Reduction reduction,
                      DType dtype, Indices indices, const void* updates, void* to) {
  const auto scatter = [&]<class T>(T) {
    scatter_elements_typed<T>(to_shape, shape, axis, reduction, indices, updates, to);
  };
  switch (dtype) {
    case DType::kF32:
      return scatter(float{});
    case DType::kI64:
      return scatter(int64_t{});
    case DType::kI32:
      return scatter(int32_t{});
    case DType::kI8:
      return scatter(int8_t{});
    case DType::kF16:
      return scatter(uint16_t{});  // moved only
    default:
      return scatter(uint8_t{});
  }
}

void scatter_nd(const Shape& to_shape, int depth, Extent count, Reduction reduction, DType dtype,
                Indices indices, const void* updates, void* to) {
  const Extent inner = to_shape.count(depth, to_shape.rank());
  const size_t size = byte_size(dtype);
  for (Extent row = 0; row < count; ++row) {
    Extent at = 0;
    for (int axis = 0; axis < depth; ++axis) {
      at = at * to_shape[axis] + indices.clamped(row * depth + axis, to_shape[axis]);
    }
    if (reduction == Reduction::kNone) {
      copy_row(static_cast<const std::byte*>(updates) + static_cast<size_t>(row * inner) * size,
               static_cast<std::byte*>(to) + static_cast<size_t>(at * inner) * size,
               static_cast<size_t>(inner) * size);
      continue;
    }
    switch (dtype) {
      case DType::kF32:
        combine_row<float>(reduction, updates, to, at * inner, row * inner, inner);
        break;
      case DType::kI64:
        combine_row<int64_t>(reduction, updates, to, at * inner, row * inner, inner);
        break;
      case DType::kI32:
        combine_row<int32_t>(reduction, updates, to, at * inner, row * inner, inner);
        break;
      case DType::kI8:
        combine_row<int8_t>(reduction, updates, to, at * inner, row * inner, inner);
        break;
      default:
        combine_row<uint8_t>(reduction, updates, to, at * inner, row * inner, inner);
    }
  }
}

}  // namespace heed::kernels

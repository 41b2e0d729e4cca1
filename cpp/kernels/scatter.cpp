#include "kernels/scatter.h"

#include "kernels/convert.h"
#include "kernels/copy.h"

namespace heed::kernels {

namespace {

template <class T, class Wide>
T combined(Reduction reduction, T old, T update) {
  switch (reduction) {
    case Reduction::kMinimum:
      return update < old || update != update ? update : old;
    case Reduction::kMaximum:
      return update > old || update != update ? update : old;
    case Reduction::kAdd:
      return static_cast<T>(static_cast<Wide>(old) + static_cast<Wide>(update));
    default:
      return static_cast<T>(static_cast<Wide>(old) * static_cast<Wide>(update));
  }
}

// *to (op)= *update. One for all types: reductions are rare, and never what takes the time.
void apply(Reduction reduction, DType dtype, const std::byte* update, std::byte* to) {
  if (reduction == Reduction::kNone) return copy_element(update, to, byte_size(dtype));
  if (dtype == DType::kF32) {
    float old, value;
    copy_element(to, reinterpret_cast<std::byte*>(&old), 4);
    copy_element(update, reinterpret_cast<std::byte*>(&value), 4);
    old = combined<float, float>(reduction, old, value);
    return copy_element(reinterpret_cast<std::byte*>(&old), to, 4);
  }
  // Integers wrap around: the low bits of 64-bit sums and products are those of narrower ones.
  int64_t old, value;
  convert(dtype, to, DType::kI64, &old, 1);
  convert(dtype, update, DType::kI64, &value, 1);
  old = combined<int64_t, uint64_t>(reduction, old, value);
  convert(DType::kI64, &old, dtype, to, 1);
}

}  // namespace

void scatter_elements(const Shape& to_shape, const Shape& shape, int axis, Reduction reduction,
                      DType dtype, Indices indices, const void* updates, void* to) {
  const size_t size = byte_size(dtype);
  const Strides steps = strides_of(to_shape);
  const Extent count = shape.count();
  for (Extent i = 0; i < count; ++i) {
    const Extent at = replaced_offset(shape, steps, axis, i, indices.clamped(i, to_shape[axis]));
    apply(reduction, dtype, static_cast<const std::byte*>(updates) + static_cast<size_t>(i) * size,
          static_cast<std::byte*>(to) + static_cast<size_t>(at) * size);
  }
}

void scatter_nd(const Shape& to_shape, int depth, Extent count, Reduction reduction, DType dtype,
                Indices indices, const void* updates, void* to) {
  const Extent inner = to_shape.count(depth, to_shape.rank());
  const size_t size = byte_size(dtype), bytes = static_cast<size_t>(inner) * size;
  for (Extent row = 0; row < count; ++row) {
    Extent at = 0;
    for (int axis = 0; axis < depth; ++axis) {
      at = at * to_shape[axis] + indices.clamped(row * depth + axis, to_shape[axis]);
    }
    const auto* source = static_cast<const std::byte*>(updates) + static_cast<size_t>(row) * bytes;
    auto* target = static_cast<std::byte*>(to) + static_cast<size_t>(at) * bytes;
    if (reduction == Reduction::kNone) {
      copy_row(source, target, bytes);
      continue;
    }
    for (size_t i = 0; i < bytes; i += size) apply(reduction, dtype, source + i, target + i);
  }
}

}  // namespace heed::kernels

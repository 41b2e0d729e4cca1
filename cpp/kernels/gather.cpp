#include "kernels/gather.h"

#include "base/parallel.h"
#include "kernels/copy.h"

namespace heed::kernels {

namespace {

constexpr Extent kGrain = 1 << 16;

template <class T>
void gather_columns(const GatherShape& shape, Indices indices, const void* from, void* to) {
  const auto* source = static_cast<const T*>(from);
  auto* target = static_cast<T*>(to);
  parallel_for(shape.outer, kGrain / shape.count + 1, [&](Extent begin, Extent end) {
    for (Extent o = begin; o < end; ++o) {
      const T* row = source + static_cast<ptrdiff_t>(o) * shape.extent;
      T* out = target + static_cast<ptrdiff_t>(o) * shape.count;
      for (Extent i = 0; i < shape.count; ++i) out[i] = row[indices.clamped(i, shape.extent)];
    }
  });
}

template <class T>
void gather_elements_typed(const Shape& from_shape, const Shape& shape, int axis, Indices indices,
                           const void* from, void* to) {
  const auto* source = static_cast<const T*>(from);
  auto* target = static_cast<T*>(to);
  const Strides steps = strides_of(from_shape);
  const Extent extent = from_shape[axis], step = steps[axis];
  const int last = shape.rank() - 1;
  // Along a row the index moves by `across`, unless it is replaced.
  const Extent across = axis == last ? 0 : 1;
  const Extent length = shape[last];
  parallel_for(shape.count() / length, kGrain / length + 1, [&](Extent begin, Extent end) {
    for (Extent row = begin; row < end; ++row) {
      Extent offset = 0;
      for (int at = last - 1, rest = row; at >= 0; --at) {
        if (at != axis) offset += rest % shape[at] * steps[at];
        rest /= shape[at];
      }
      const Extent first = row * length;
      for (Extent i = 0; i < length; ++i) {
        target[first + i] = source[offset + i * across + indices.clamped(first + i, extent) * step];
      }
    }
  });
}

}  // namespace

void gather(const GatherShape& shape, Indices indices, const void* from, void* to,
            size_t element_bytes) {
  if (shape.outer == 0 || shape.count == 0 || shape.inner == 0) return;
  if (shape.inner == 1) {
    switch (element_bytes) {
      case 1:
        return gather_columns<uint8_t>(shape, indices, from, to);
      case 2:
        return gather_columns<uint16_t>(shape, indices, from, to);
      case 4:
        return gather_columns<uint32_t>(shape, indices, from, to);
      default:
        return gather_columns<uint64_t>(shape, indices, from, to);
    }
  }
  const size_t bytes = static_cast<size_t>(shape.inner) * element_bytes;
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  parallel_for(shape.outer * shape.count, kGrain / shape.inner + 1, [&](Extent begin, Extent end) {
    for (Extent row = begin; row < end; ++row) {
      const Extent at =
          row / shape.count * shape.extent + indices.clamped(row % shape.count, shape.extent);
      copy_row(source + static_cast<size_t>(at) * bytes, target + static_cast<size_t>(row) * bytes,
               bytes);
    }
  });
}

void gather_elements(const Shape& from_shape, const Shape& shape, int axis, Indices indices,
                     const void* from, void* to, size_t element_bytes) {
  if (shape.count() == 0) return;
  switch (element_bytes) {
    case 1:
      return gather_elements_typed<uint8_t>(from_shape, shape, axis, indices, from, to);
    case 2:
      return gather_elements_typed<uint16_t>(from_shape, shape, axis, indices, from, to);
    case 4:
      return gather_elements_typed<uint32_t>(from_shape, shape, axis, indices, from, to);
    default:
      return gather_elements_typed<uint64_t>(from_shape, shape, axis, indices, from, to);
  }
}

void gather_nd(const Shape& from_shape, int batch_rank, int depth, Extent count, Indices indices,
               const void* from, void* to, size_t element_bytes) {
  const Extent batch = from_shape.count(0, batch_rank);
  const Extent inner = from_shape.count(batch_rank + depth, from_shape.rank());
  if (batch == 0 || count == 0 || inner == 0) return;
  const size_t bytes = static_cast<size_t>(inner) * element_bytes;
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  parallel_for(batch * count, kGrain / inner + 1, [&](Extent begin, Extent end) {
    for (Extent row = begin; row < end; ++row) {
      Extent at = row / count;
      for (int axis = 0; axis < depth; ++axis) {
        const Extent extent = from_shape[batch_rank + axis];
        at = at * extent + indices.clamped(row * depth + axis, extent);
      }
      copy_row(source + static_cast<size_t>(at) * bytes, target + static_cast<size_t>(row) * bytes,
               bytes);
    }
  });
}

}  // namespace heed::kernels

#include "kernels/gather.h"

#include "base/parallel.h"
#include "kernels/copy.h"

namespace heed::kernels {

namespace {

constexpr Extent kGrain = 1 << 16;

}  // namespace

void gather(const GatherShape& shape, Indices indices, const void* from, void* to,
            size_t element_bytes) {
  if (shape.outer == 0 || shape.count == 0 || shape.inner == 0) return;
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
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  const Strides steps = strides_of(from_shape);
  parallel_for(shape.count(), kGrain, [&](Extent begin, Extent end) {
    for (Extent i = begin; i < end; ++i) {
      const Extent at =
          replaced_offset(shape, steps, axis, i, indices.clamped(i, from_shape[axis]));
      copy_element(source + static_cast<size_t>(at) * element_bytes,
                   target + static_cast<size_t>(i) * element_bytes, element_bytes);
    }
  });
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

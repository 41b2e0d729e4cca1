// Reading elements at indices that are data. All tensors are dense and row-major; outputs do not
// overlap inputs. Negative indices count from the end. An index that is out of range is clamped to
// the nearest valid one: what it reads is in the tensor, and nothing is reported, since a run
// cannot fail.
#pragma once

#include <cstddef>

#include "base/shape.h"

namespace heed::kernels {

// Index data of type int64, or int32 where `wide` is false.
struct Indices {
  const void* data;
  bool wide;

  // Index `at`, made valid for an axis of `extent` > 0 elements.
  Extent clamped(Extent at, Extent extent) const {
    int64_t index =
        wide ? static_cast<const int64_t*>(data)[at] : static_cast<const int32_t*>(data)[at];
    if (index < 0) index += extent;
    return static_cast<Extent>(index < 0 ? 0 : index >= extent ? extent - 1 : index);
  }
};

// to[o, i, :] = from[o, indices[i], :]      from (outer, extent, inner), indices (count), to
// (outer, count, inner)
struct GatherShape {
  Extent outer, extent, inner, count;
};
void gather(const GatherShape& shape, Indices indices, const void* from, void* to,
            size_t element_bytes);

// to[i] = from[i with i_axis replaced by indices[i]]      to and indices have the shape `shape`,
// none of whose extents but that of `axis` is above that of `from_shape`.
void gather_elements(const Shape& from_shape, const Shape& shape, int axis, Indices indices,
                     const void* from, void* to, size_t element_bytes);

// to[b, i, :] = from[b, indices[b, i, 0], .., indices[b, i, depth - 1], :]
// from_shape is (batch..., gathered..., inner...) with `batch_rank` batch axes and `depth` gathered
// ones; `count` is the number of tuples for each batch element.
void gather_nd(const Shape& from_shape, int batch_rank, int depth, Extent count, Indices indices,
               const void* from, void* to, size_t element_bytes);

}  // namespace heed::kernels

// Writing elements at indices that are data, into a copy of the tensor that the caller has made.
// All tensors are dense and row-major. Indices are treated as in gather.h. Where indices repeat,
// updates are applied in their order.
#pragma once

#include "base/dtype.h"
#include "kernels/gather.h"

namespace heed::kernels {

// What an update does to the element it meets. Minimum and maximum are NaN where either is.
enum class Reduction : uint8_t { kNone, kAdd, kMultiply, kMinimum, kMaximum };

// to[i with i_axis replaced by indices[i]] (op)= updates[i]      updates and indices have the shape
// `shape`, none of whose extents but that of `axis` is above that of `to_shape`.
void scatter_elements(const Shape& to_shape, const Shape& shape, int axis, Reduction reduction,
                      DType dtype, Indices indices, const void* updates, void* to);

// to[indices[i, 0], .., indices[i, depth - 1], :] (op)= updates[i, :]      `count` tuples
void scatter_nd(const Shape& to_shape, int depth, Extent count, Reduction reduction, DType dtype,
                Indices indices, const void* updates, void* to);

}  // namespace heed::kernels

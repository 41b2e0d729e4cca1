// Tensors that are made from a few numbers or from positions. All are dense and row-major; outputs
// do not overlap inputs.
#pragma once

#include <cstddef>

#include "base/dtype.h"
#include "base/shape.h"

namespace heed::kernels {

// to[i] = start + i * delta, in the type of `to`: float32, int64 or int32 (wrapping around).
void fill_range(DType dtype, const void* start, const void* delta, void* to, Extent count);

// to[b, r, c] = from[b, r, c] where c >= r + diagonal (upper) or c <= r + diagonal (lower), else
// zero.
struct TriangleShape {
  Extent batch, rows, columns;
};
void copy_triangle(const TriangleShape& shape, bool upper, int64_t diagonal, const void* from,
                   void* to, size_t element_bytes);

// to[r, c] = c == r + diagonal ? *one : zero
void fill_eye(Extent rows, Extent columns, int64_t diagonal, const void* one, void* to,
              size_t element_bytes);

// to[o, d, i] = values[d == indices[o, i]], where indices in -depth..-1 count from the end      to
// (outer, depth, inner)
void one_hot(Extent outer, Extent depth, Extent inner, const int64_t* indices, const void* values,
             void* to, size_t element_bytes);

// How many elements are not zero (NaN is not), and their indices: to (rank, that number), in
// row-major order.
Extent count_non_zero(DType dtype, const void* from, Extent count);
void find_non_zero(DType dtype, const void* from, const Shape& shape, Extent found, int64_t* to);

}  // namespace heed::kernels

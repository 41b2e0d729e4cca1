// Copies between two strided views of one shape: layout changes, Transpose, Concat, Split, Slice,
// Expand, DepthToSpace. It is one kernel, since they differ in strides only.
#pragma once

#include <cstddef>

#include "base/shape.h"

namespace heed::kernels {

// to[sum i_a * to_a] = from[sum i_a * from_a] for every index i of a shape. Made once by
// `make_copy`, which drops axes of extent 1, orders the others by the step in the destination and
// merges those that are one run in both views.
struct StridedCopy {
  struct Axis {
    Extent extent, from, to;
  };
  int rank = 0;  // at least 1; the last axis is the innermost
  Axis axes[kMaxRank] = {};
  bool empty = false;

  // Adds an axis inside those that are there. For copies of more structure than a shape has: at
  // most kMaxRank in all.
  void add(Extent extent, Extent from, Extent to) { axes[rank++] = {extent, from, to}; }
  // Orders and merges what was added.
  void finish();
};

// `from` may have steps that are zero (broadcast) or negative; those of `to` are positive and give
// every index a place of its own. All steps are in elements.
StridedCopy make_copy(const Shape& shape, const Strides& from, const Strides& to);

// Carries it out for elements of 1, 2, 4 or 8 bytes. `from` and `to` point at the elements of index
// 0 and do not overlap; nothing beyond the elements named is read or written. Blocked 4x4
// transposes (4-byte elements) where the fastest axis of one view is not that of the other.
void copy_strided(const StridedCopy& copy, const void* from, void* to, size_t element_bytes);

// Copies `bytes` bytes; quicker than memcpy for the short rows that pixels are.
void copy_row(const std::byte* from, std::byte* to, size_t bytes);

// Sets `count` elements to *value.
void fill_row(const void* value, void* to, Extent count, size_t element_bytes);

}  // namespace heed::kernels

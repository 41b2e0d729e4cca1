// Copies whose source index is a table for each axis: Pad, Tile, nearest Resize, Slice with any
// step.
#pragma once

#include <cstddef>

#include "base/shape.h"

namespace heed::kernels {

// to[sum_a i_a * to_a] = from[sum_a table_a[i_a]], or the fill value where one of the entries is
// kFill. `to` is dense. The innermost axes are one row: `lead` fill values, `run` elements that are
// consecutive in both tensors, `tail` fill values; or, where `run` is 0, an axis with a table of
// its own.
struct IndexedCopy {
  static constexpr Extent kFill = -1;
  struct Axis {
    Extent extent;
    Extent to;
    Extent table;  // where its entries, offsets in elements of `from`, begin in the tables
  };
  int rank = 0;  // of the axes outside the row, outermost first
  Axis axes[kMaxRank] = {};
  Extent lead = 0, run = 0, tail = 0;
  Extent from = 0;          // the offset of index 0 in `from`
  Extent inner_extent = 0;  // where run is 0
  Extent inner_table = 0;
};

// For elements of 1, 2, 4 or 8 bytes. `fill` points at one element, and may be null when no entry
// is kFill.
void copy_indexed(const IndexedCopy& copy, const Extent* tables, const void* from, void* to,
                  const void* fill, size_t element_bytes);

}  // namespace heed::kernels

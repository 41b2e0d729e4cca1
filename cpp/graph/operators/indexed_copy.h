// Lowering of copies: strided ones, and those with a table of source indices for each axis.
#pragma once

#include <array>
#include <vector>

#include "graph/operator.h"
#include "kernels/copy.h"

namespace heed {

// Where a copy begins: a buffer and the bytes before its first element.
struct CopyEnd {
  Buffer buffer;
  ptrdiff_t offset = 0;
};

// Adds the task that carries out `copy` on elements of `element_bytes`.
void run_copy(Lowering& node, const kernels::StridedCopy& copy, CopyEnd from, CopyEnd to,
              size_t element_bytes);

// For each axis of the output: the index along that axis of the input for each of its indices, or
// IndexedCopy::kFill.
using AxisTables = std::array<std::vector<Extent>, kMaxRank>;

// Adds the task that writes all of `to` from `from`, through any strides of both. `fill` holds one
// element; it may be kNoBuffer when no table has a kFill.
void run_indexed_copy(Lowering& node, const View& from, const View& to, const AxisTables& source,
                      Buffer fill = kNoBuffer);

}  // namespace heed

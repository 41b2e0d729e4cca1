// Lowering of copies that are a table of source indices for each axis.
#pragma once

#include "graph/operator.h"

namespace heed {

// For each axis of the output: the index along that axis of the input for each of its indices, or
// IndexedCopy::kFill. To be filled in.
class AxisTables {
 public:
  explicit AxisTables(const Shape& to);
  Extent* operator[](int axis) { return memory_.data() + first_[axis]; }
  const Extent* operator[](int axis) const { return memory_.data() + first_[axis]; }

 private:
  std::vector<Extent> memory_;
  size_t first_[kMaxRank] = {};
};

// Adds the task that writes all of `to` from `from`, through any strides of both. `fill` holds one
// element; it may be kNoBuffer when no table has a kFill.
void run_indexed_copy(Lowering& node, const View& from, const View& to, const AxisTables& source,
                      Buffer fill = kNoBuffer);

}  // namespace heed

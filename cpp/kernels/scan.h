// Searching, sorting and summing along one axis of tensors in any layout.
#pragma once

#include "base/dtype.h"
#include "kernels/lines.h"

namespace heed::kernels {

// y = the position of the greatest (or least) element of every line of x, of equal ones the first
// (or last); a NaN counts as greater (and less) than anything. The lines of y have one element.
struct ArgExtreme {
  bool greatest = true;
  bool last = false;
};
void arg_extreme(const ArgExtreme& which, DType dtype, const Lines& lines, int64_t* y,
                 const void* x);

// The `count` greatest (or least) elements of every line, in that order, equal ones by position;
// NaN is the greatest.
struct TopK {
  Extent count = 0;
  bool greatest = true;
};
// Memory for sorting a line.
struct TopKEntry {
  int64_t key;
  Extent position;
};
// The lines of `values` and `positions` have `top.count` elements; they lie alike, as lines' y
// says. `entries` holds lines.count.
void top_k(const TopK& top, DType dtype, const Lines& lines, void* values, int64_t* positions,
           const void* x, TopKEntry* entries);

// y[i] = sum of x[0..i] along every line; exclusive: without x[i]; reversed: from the end. Floats
// are summed in double.
struct CumulativeSum {
  bool exclusive = false;
  bool reversed = false;
};
void cumulative_sum(const CumulativeSum& kind, DType dtype, const Lines& lines, void* y,
                    const void* x);

}  // namespace heed::kernels

// The task of a strided copy.
#pragma once

#include "graph/operator.h"
#include "kernels/copy.h"

namespace heed {

// A place in a buffer: `offset` is in elements.
struct Place {
  Buffer buffer = kNoBuffer;
  ptrdiff_t offset = 0;
};

void run_copy(Lowering& node, const kernels::StridedCopy& copy, const Place& from, const Place& to,
              size_t element_bytes);

// Sets `count` elements of `to` to the one at `element`.
void run_fill(Lowering& node, Buffer element, Buffer to, Extent count, size_t element_bytes);

}  // namespace heed

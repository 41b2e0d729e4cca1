// Work along one axis (or several taken together) of tensors in any layout: one line of elements
// for each index of the others.
#pragma once

#include "kernels/iterate.h"

namespace heed::kernels {

struct Lines {
  Loop kept;         // over the other axes, operands (x, y): where the lines begin
  Loop line;         // along a line in its logical order, operands (position in the line, x, y)
  Extent count = 0;  // elements of a line
};

// `axes`: one bit for each axis that lines run along, slowest first; `x` and `y` are steps along
// the axes of `shape`.
Lines make_lines(const Shape& shape, uint32_t axes, const Strides& x, const Strides& y);

}  // namespace heed::kernels

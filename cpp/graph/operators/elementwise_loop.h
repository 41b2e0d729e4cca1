// The loop of an element-wise operator over its views.
#pragma once

#include "graph/lowering.h"
#include "kernels/iterate.h"

namespace heed {

// The steps of `view` along the axes of `shape`, to which it broadcasts.
Strides broadcast_strides(const View& view, const Shape& shape);

// The loop over the output's indices with operands (output, inputs...).
kernels::Loop elementwise_loop(const View& output, std::initializer_list<const View*> inputs);
// The same with periodic operands, for the kernels that take them.
kernels::Loop periodic_loop(const View& output, std::initializer_list<const View*> inputs);

}  // namespace heed

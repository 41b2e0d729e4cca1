#include "graph/operators/elementwise_loop.h"

namespace heed {

Strides broadcast_strides(const View& view, const Shape& shape) {
  Strides strides;
  const int added = shape.rank() - view.shape.rank();
  for (int axis = added; axis < shape.rank(); ++axis) {
    strides[axis] = view.shape[axis - added] == 1 ? 0 : view.strides[axis - added];
  }
  return strides;
}

kernels::Loop elementwise_loop(const View& output, std::initializer_list<View> inputs) {
  std::vector<Strides> operands = {output.strides};
  for (const View& input : inputs) operands.push_back(broadcast_strides(input, output.shape));
  return kernels::make_loop(output.shape, operands);
}

}  // namespace heed

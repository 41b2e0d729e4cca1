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

namespace {

std::vector<Strides> operand_strides(const View& output, std::initializer_list<View> inputs) {
  std::vector<Strides> operands = {output.strides};
  for (const View& input : inputs) operands.push_back(broadcast_strides(input, output.shape));
  return operands;
}

}  // namespace

kernels::Loop elementwise_loop(const View& output, std::initializer_list<View> inputs) {
  return kernels::make_loop(output.shape, operand_strides(output, inputs));
}

kernels::Loop periodic_loop(const View& output, std::initializer_list<View> inputs) {
  return kernels::make_periodic_loop(output.shape, operand_strides(output, inputs));
}

}  // namespace heed

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

// Strides of the output and of at most three inputs.
struct OperandStrides {
  OperandStrides(const View& output, std::initializer_list<const View*> inputs) {
    strides[count++] = output.strides;
    for (const View* input : inputs) strides[count++] = broadcast_strides(*input, output.shape);
  }
  operator std::span<const Strides>() const { return {strides, count}; }

  Strides strides[4];
  size_t count = 0;
};

}  // namespace

kernels::Loop elementwise_loop(const View& output, std::initializer_list<const View*> inputs) {
  return kernels::make_loop(output.shape, OperandStrides(output, inputs));
}

kernels::Loop periodic_loop(const View& output, std::initializer_list<const View*> inputs) {
  return kernels::make_periodic_loop(output.shape, OperandStrides(output, inputs));
}

}  // namespace heed

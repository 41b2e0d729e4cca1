// ConvTranspose, of one to three spatial axes.
#include "kernels/conv_transpose.h"

#include <algorithm>

#include "graph/operators/packing.h"
#include "graph/operators/window.h"

namespace heed {

namespace {

bool describe(NodeReader& node, kernels::TransposedConvolution& shape, Window& window) {
  const int64_t groups = transposed_window(node, window) ? checked_groups(node, true) : 0;
  if (groups == 0) return false;
  const Shape& x = node.shape(0);
  shape.batch = x[0];
  shape.groups = static_cast<Extent>(groups);
  shape.in_channels = x[1];
  for (int axis = 0; axis < 3; ++axis) {
    shape.axes[axis] = {window.in[axis],     window.out[axis],      window.kernel[axis],
                        window.stride[axis], window.dilation[axis], window.pad_begin[axis]};
  }
  return true;
}

// What the packed weights depend on besides the weights.
std::string packing_key(const kernels::TransposedConvolution& shape) {
  std::string key = join("transposed/", shape.groups);
  for (const kernels::TransposedAxis& axis : shape.axes) {
    key += join("/", axis.stride, ",", axis.dilation, ",", axis.pad, ",",
                std::min(axis.stride, axis.out));
  }
  return key;
}

}  // namespace

void infer_conv_transpose(Inference& node) {
  kernels::TransposedConvolution shape;
  Window window;
  node.expect_floats(3);
  if (!describe(node, shape, window)) return;
  const int64_t channels = int64_t{node.shape(1)[1]} * shape.groups;
  Shape out;
  if (!node.make_shape(output_dims(window, shape.batch, channels), out)) return;
  node.expect_shape(2, Shape{out[1]});
  node.set(0, DType::kF32, out);
}

void lower_conv_transpose(Lowering& node) {
  kernels::TransposedConvolution shape;
  Window window;
  describe(node, shape, window);
  const View y = node.output(0);
  shape.out_channels = y.shape[1];
  const Buffer panels = pack_weights(
      node, 1, packing_key(shape), kernels::packed_transposed_count(shape),
      PackedForm::kOneOfSeveral,
      [=](const float* from, float* to) { kernels::pack_transposed(shape, from, to); });
  node.run([=, x = node.input_buffer(0), bias = node.input_buffer(2), y = y.buffer,
            residual = node.residual_buffer(), activation = node.activation()](const Run& run) {
    kernels::conv_transpose(shape, run.at(x), run.at(panels), run.at(bias), run.at(y),
                            {run.at(residual), activation});
  });
}

}  // namespace heed

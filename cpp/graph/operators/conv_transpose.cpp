// ConvTranspose, of one to three spatial axes.
#include "kernels/conv_transpose.h"

#include <algorithm>

#include "graph/operators/packing.h"
#include "graph/operators/window.h"

namespace heed {

namespace {

std::span<const Extent> kernel_extents(const Shape& weights) {
  if (weights.rank() < 2) return {};
  return {weights.begin() + 2, weights.end()};
}

kernels::TransposedConvolution describe(const Window& window, const Shape& in, const Shape& out,
                                        Extent groups) {
  kernels::TransposedConvolution shape;
  shape.batch = in[0];
  shape.groups = groups;
  shape.in_channels = in[1];
  shape.out_channels = out[1];
  for (int axis = 0; axis < 3; ++axis) {
    shape.axes[axis] = {window.in[axis],     window.out[axis],      window.kernel[axis],
                        window.stride[axis], window.dilation[axis], window.pad_begin[axis]};
  }
  return shape;
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

Status infer_conv_transpose(Inference& node) {
  const Shape& x = node.shape(0);
  const Shape& w = node.shape(1);
  if (node.dtype(0) != DType::kF32 || node.dtype(1) != DType::kF32) {
    return error(Code::kUnsupportedType, "only float32 convolutions are supported");
  }
  const Result<Window> window = transposed_window(node.attributes(), x, kernel_extents(w));
  if (!window.ok()) return window.status();
  const int64_t groups = node.attributes().integer("group", 1);
  if (groups < 1 || groups > INT32_MAX || x[1] % groups != 0 || w[0] != x[1]) {
    return error(Code::kWrongShape, "weights of the shape ", w, " in ", groups,
                 " groups do not fit an input of the shape ", x);
  }
  int64_t dims[5] = {x[0], w[1] * groups};
  for (int axis = 0; axis < x.rank() - 2; ++axis) {
    dims[2 + axis] = window.value().out[3 - window.value().rank + axis];
  }
  const Result<Shape> out = Shape::make({dims, static_cast<size_t>(x.rank())});
  if (!out.ok()) return out.status();
  if (node.has(2) && (node.dtype(2) != DType::kF32 || !(node.shape(2) == Shape{out.value()[1]}))) {
    return error(Code::kWrongShape, "expected a float32 bias of the shape (", out.value()[1],
                 "), it is ", node.shape(2));
  }
  node.set(0, DType::kF32, out.value());
  return {};
}

Status lower_conv_transpose(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const Window window =
      transposed_window(node.attributes(), x.shape, kernel_extents(node.input_shape(1))).value();
  const auto groups = static_cast<Extent>(node.attributes().integer("group", 1));
  const kernels::TransposedConvolution shape = describe(window, x.shape, y.shape, groups);

  const Result<Buffer> packed = pack_weights(
      node, 1, packing_key(shape), kernels::packed_transposed_count(shape), Packing::kOneOfSeveral,
      [=](const float* from, float* to) { kernels::pack_transposed(shape, from, to); });
  if (!packed.ok()) return packed.status();
  const Buffer panels = packed.value();
  const Buffer bias = node.has(2) ? node.input(2).buffer : kNoBuffer;
  const Buffer residual = node.has_residual() ? node.residual().buffer : kNoBuffer;
  const kernels::Activation activation = node.activation();
  node.run([=](const Run& run) {
    kernels::conv_transpose(shape, run.at(x.buffer), run.at(panels),
                            bias == kNoBuffer ? nullptr : run.at(bias), run.at(y.buffer),
                            {residual == kNoBuffer ? nullptr : run.at(residual), activation});
  });
  return {};
}

}  // namespace heed

// Conv, of one to three spatial axes.
#include "kernels/convolution.h"

#include "graph/operators/packing.h"
#include "graph/operators/window.h"
#include "kernels/depthwise.h"
#include "kernels/gemm.h"

namespace heed {

namespace {

std::span<const Extent> kernel_extents(const Shape& weights) {
  if (weights.rank() < 2) return {};
  return {weights.begin() + 2, weights.end()};
}

bool is_pointwise(const kernels::Convolution& shape) {
  for (const kernels::ConvolutionAxis& axis : shape.axes) {
    if (axis.taps != 1 || axis.stride != 1 || axis.first != 0 || axis.in != axis.out) return false;
  }
  return shape.groups == 1;
}

kernels::Convolution describe(const Window& window, const Shape& in, const Shape& out,
                              Extent groups) {
  kernels::Convolution shape;
  shape.batch = in[0];
  shape.groups = groups;
  shape.in_channels = in[1];
  shape.out_channels = out[1];
  Extent step = out[1];
  for (int axis = 2; axis >= 0; --axis) {
    shape.axes[axis] = {window.in[axis],
                        window.out[axis],
                        window.kernel[axis],
                        window.stride[axis],
                        -window.pad_begin[axis],
                        window.dilation[axis],
                        step};
    step *= window.out[axis];
  }
  shape.out_image_step = step;
  return shape;
}

}  // namespace

Status infer_convolution(Inference& node) {
  const Shape& x = node.shape(0);
  const Shape& w = node.shape(1);
  if (node.dtype(0) != DType::kF32 || node.dtype(1) != DType::kF32) {
    return error(Code::kUnsupportedType, "only float32 convolutions are supported");
  }
  const Result<Window> window = convolution_window(node.attributes(), x, kernel_extents(w));
  if (!window.ok()) return window.status();
  const int64_t groups = node.attributes().integer("group", 1);
  if (groups < 1 || w[0] % groups != 0 || int64_t{w[1]} * groups != x[1]) {
    return error(Code::kWrongShape, "weights of the shape ", w, " in ", groups,
                 " groups do not fit an input of the shape ", x);
  }
  if (node.has(2) && (node.dtype(2) != DType::kF32 || !(node.shape(2) == Shape{w[0]}))) {
    return error(Code::kWrongShape, "expected a float32 bias of the shape (", w[0], "), it is ",
                 node.shape(2));
  }
  int64_t dims[5] = {x[0], w[0]};
  for (int axis = 0; axis < x.rank() - 2; ++axis) {
    dims[2 + axis] = window.value().out[3 - window.value().rank + axis];
  }
  const Result<Shape> out = Shape::make({dims, static_cast<size_t>(x.rank())});
  if (!out.ok()) return out.status();
  node.set(0, DType::kF32, out.value());
  return {};
}

Status lower_convolution(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const Shape weights = node.input_shape(1);
  const Window window =
      convolution_window(node.attributes(), x.shape, kernel_extents(weights)).value();
  const auto groups = static_cast<Extent>(node.attributes().integer("group", 1));
  const kernels::Convolution shape = describe(window, x.shape, y.shape, groups);
  const Extent taps = shape.taps();
  const bool pointwise = is_pointwise(shape), depthwise = kernels::is_depthwise(shape);

  const Result<Buffer> packed =
      depthwise ? pack_weights(node, 1, "depthwise", kernels::packed_depthwise_count(shape),
                               [=](const float* from, float* to) {
                                 kernels::pack_depthwise(shape, from, to);
                               })
                : pack_weights(node, 1, join("convolution/", groups),
                               kernels::packed_convolution_count(shape),
                               [=](const float* from, float* to) {
                                 const Extent in_step = taps, out_step = taps * shape.group_in();
                                 kernels::pack_convolution(
                                     shape,
                                     {from,
                                      shape.group_out() * out_step,
                                      out_step,
                                      in_step,
                                      {window.kernel[1] * window.kernel[2], window.kernel[2], 1}},
                                     to);
                               });
  if (!packed.ok()) return packed.status();
  const Buffer panels = packed.value();
  const Buffer bias = node.has(2) ? node.input(2).buffer : kNoBuffer;
  const Buffer residual = node.has_residual() ? node.residual().buffer : kNoBuffer;
  const kernels::Activation activation = node.activation();
  const Extent rows = shape.batch * window.in[0] * window.in[1] * window.in[2];
  node.run([=](const Run& run) {
    const float* bias_data = bias == kNoBuffer ? nullptr : run.at(bias);
    const kernels::Epilogue epilogue{residual == kNoBuffer ? nullptr : run.at(residual),
                                     activation};
    if (pointwise) {
      kernels::gemm(
          {rows, shape.out_channels, shape.in_channels, shape.in_channels, shape.out_channels},
          run.at(x.buffer), run.at(panels), bias_data, run.at(y.buffer), epilogue);
    } else if (depthwise) {
      kernels::convolve_depthwise(shape, run.at(x.buffer), run.at(panels), bias_data,
                                  run.at(y.buffer), epilogue);
    } else {
      kernels::convolve(shape, run.at(x.buffer), run.at(panels), bias_data, run.at(y.buffer),
                        epilogue);
    }
  });
  return {};
}

}  // namespace heed

// Conv and ConvInteger, of one to three spatial axes.
#include "graph/operators/convolution_path.h"
#include "graph/operators/packing.h"
#include "kernels/quantize.h"

namespace heed {

namespace {

bool is_byte(DType type) { return type == DType::kU8 || type == DType::kI8; }

std::span<const Extent> kernel_extents(const Shape& weights) {
  if (weights.rank() < 2) return {};
  return {weights.begin() + 2, weights.end()};
}

// Sets the output's type, and its shape when window, groups and bias fit.
Status infer_shape(Inference& node, DType type) {
  const Shape& x = node.shape(0);
  const Shape& w = node.shape(1);
  const Result<Window> window = convolution_window(node.attributes(), x, kernel_extents(w));
  if (!window.ok()) return window.status();
  const int64_t groups = node.attributes().integer("group", 1);
  if (groups < 1 || groups > INT32_MAX || w[0] % groups != 0 || w[1] * groups != x[1]) {
    return error(Code::kWrongShape, "weights of the shape ", w, " in ", groups,
                 " groups do not fit an input of the shape ", x);
  }
  int64_t dims[5] = {x[0], w[0]};
  for (int axis = 0; axis < x.rank() - 2; ++axis) {
    dims[2 + axis] = window.value().out[3 - window.value().rank + axis];
  }
  const Result<Shape> out = Shape::make({dims, static_cast<size_t>(x.rank())});
  if (!out.ok()) return out.status();
  node.set(0, type, out.value());
  return {};
}

ConvolutionPath path_of(Lowering& node, const View& x, const View& y) {
  const Window window =
      convolution_window(node.attributes(), x.shape, kernel_extents(node.input_shape(1))).value();
  return choose_path(window, x.shape, y.shape,
                     static_cast<Extent>(node.attributes().integer("group", 1)));
}

}  // namespace

Status infer_convolution(Inference& node) {
  if (node.dtype(0) != DType::kF32 || node.dtype(1) != DType::kF32) {
    return error(Code::kUnsupportedType, "only float32 convolutions are supported");
  }
  const Extent out_channels = node.shape(1).rank() > 0 ? node.shape(1)[0] : 0;
  if (node.has(2) && (node.dtype(2) != DType::kF32 || !(node.shape(2) == Shape{out_channels}))) {
    return error(Code::kWrongShape, "expected a float32 bias of the shape (", out_channels,
                 "), it is ", node.shape(2));
  }
  return infer_shape(node, DType::kF32);
}

Status lower_convolution(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const ConvolutionPath path = path_of(node, x, y);
  const Result<Buffer> packed = pack_weights(
      node, 1, join("convolution/", int{path.kind}, "/", path.shape.groups), path.packed_count(),
      Packing::kOnlyForm, [=](const float* from, float* to) { path.pack(from, to); });
  if (!packed.ok()) return packed.status();
  const Buffer weights = packed.value();
  const Buffer bias = node.has(2) ? node.input(2).buffer : kNoBuffer;
  const Buffer residual = node.has_residual() ? node.residual().buffer : kNoBuffer;
  const kernels::Activation activation = node.activation();
  node.run([=](const Run& run) {
    path.run(run.at(x.buffer), run.at(weights), bias == kNoBuffer ? nullptr : run.at(bias),
             run.at(y.buffer), {residual == kNoBuffer ? nullptr : run.at(residual), activation});
  });
  return {};
}

Status infer_convolution_integer(Inference& node) {
  if (!is_byte(node.dtype(0)) || !is_byte(node.dtype(1))) {
    return error(Code::kUnsupportedType, "ConvInteger of ", dtype_name(node.dtype(0)), " and ",
                 dtype_name(node.dtype(1)), " is not supported");
  }
  const Extent out_channels = node.shape(1).rank() > 0 ? node.shape(1)[0] : 0;
  if (node.has(2) && (node.dtype(2) != node.dtype(0) || node.shape(2).count() != 1)) {
    return error(Code::kWrongShape, "expected one zero point, its shape is ", node.shape(2));
  }
  if (node.has(3) && (node.dtype(3) != node.dtype(1) ||
                      (node.shape(3).count() != 1 && !(node.shape(3) == Shape{out_channels})))) {
    return error(Code::kWrongShape, "expected one zero point or ", out_channels, ", the shape is ",
                 node.shape(3));
  }
  return infer_shape(node, DType::kI32);
}

namespace {

// Scratch memory with input `index` less its zero points (input `index` + 2), as floats. Zero
// points change every `run_length` elements.
Result<Buffer> widen(Lowering& node, int index, Extent run_length) {
  const View from = node.input(index);
  const Extent count = from.shape.count();
  const Result<Buffer> to = float_scratch(node, count);
  if (!to.ok()) return to;
  const Buffer zero = node.has(index + 2) ? node.input(index + 2).buffer : kNoBuffer;
  const Extent runs = node.has(index + 2) ? node.input_shape(index + 2).count() : 1;
  const Extent length = runs > 1 ? run_length : count;
  const Buffer target = to.value();
  node.run([=](const Run& run) {
    kernels::widen_to_float(run.at<std::byte>(from.buffer),
                            zero == kNoBuffer ? nullptr : run.at<std::byte>(zero), from.dtype, runs,
                            length, run.at(target));
  });
  return to;
}

}  // namespace

// In float32: exact as long as sums stay below 2^24, rounded beyond.
Status lower_convolution_integer(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const ConvolutionPath path = path_of(node, x, y);
  const Result<Buffer> input = widen(node, 0, 1);
  if (!input.ok()) return input.status();
  const Shape& w = node.input_shape(1);
  const Result<Buffer> plain = widen(node, 1, w.count(1, w.rank()));
  if (!plain.ok()) return plain.status();
  const Result<Buffer> packed = float_scratch(node, path.packed_count());
  if (!packed.ok()) return packed.status();
  const Extent count = y.shape.count();
  const Result<Buffer> sums = float_scratch(node, count);
  if (!sums.ok()) return sums.status();
  const Buffer from = input.value(), raw = plain.value(), weights = packed.value(),
               to = sums.value();
  node.run([=](const Run& run) {
    path.pack(run.at(raw), run.at(weights));
    path.run(run.at(from), run.at(weights), nullptr, run.at(to), {});
    kernels::round_to_integers(run.at(to), count, run.at<int32_t>(y.buffer));
  });
  return {};
}

}  // namespace heed

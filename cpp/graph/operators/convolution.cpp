// Conv and ConvInteger, of one to three spatial axes.
#include "graph/operators/convolution_path.h"
#include "graph/operators/packing.h"
#include "kernels/quantize.h"

namespace heed {

namespace {

// Sets the output's type, and its shape when window and groups fit.
void infer_output(Inference& node, DType type) {
  Window window;
  if (!convolution_window(node, window) || checked_groups(node, false) == 0) return;
  node.set(0, type, output_dims(window, node.shape(0)[0], node.shape(1)[0]));
}

ConvolutionPath path_of(Lowering& node) {
  Window window;
  convolution_window(node, window);
  return choose_path(window, node.shape(0)[0], node.shape(0)[1], node.shape(1)[0],
                     static_cast<Extent>(node.integer("group", 1)));
}

}  // namespace

void infer_convolution(Inference& node) {
  node.expect_floats(3);
  node.expect_shape(2, Shape{node.shape(1)[0]});
  infer_output(node, DType::kF32);
}

void lower_convolution(Lowering& node) {
  const ConvolutionPath path = path_of(node);
  const Buffer weights = pack_weights(
      node, 1, join("convolution/", int{path.kind}, "/", path.shape.groups), path.packed_count(),
      PackedForm::kOnly, [=](const float* from, float* to) { path.pack(from, to); });
  node.run([=, x = node.input_buffer(0), bias = node.input_buffer(2), y = node.output_buffer(0),
            residual = node.residual_buffer(), activation = node.activation(),
            scratch = node.scratch(path.scratch_count())](const Run& run) {
    path.run(run.at(x), run.at(weights), run.at(bias), run.at(y), {run.at(residual), activation},
             run.at(scratch));
  });
}

void infer_convolution_integer(Inference& node) {
  for (int input = 0; input < 2; ++input) {
    const DType dtype = node.dtype(input);
    if (dtype != DType::kU8 && dtype != DType::kI8) node.unsupported_type(input);
    node.expect_dtype(2 + input, dtype);
  }
  node.expect_one(2);
  if (node.has(3) && node.shape(3).count() != 1) node.expect_shape(3, Shape{node.shape(1)[0]});
  infer_output(node, DType::kI32);
}

namespace {

// Scratch memory with input `index` less its zero points (input `index` + 2), as floats. Zero
// points change every `run_length` elements.
Buffer widen(Lowering& node, int index, Extent run_length) {
  const View from = node.input(index);
  const Extent count = from.shape.count();
  const Buffer to = node.scratch(count), zero = node.input_buffer(index + 2);
  const Extent runs = node.has(index + 2) ? node.shape(index + 2).count() : 1;
  const Extent length = runs > 1 ? run_length : count;
  node.run([=, type = from.dtype, from = from.buffer](const Run& run) {
    kernels::widen_to_float(run.at<std::byte>(from), run.at<std::byte>(zero), type, runs, length,
                            run.at(to));
  });
  return to;
}

}  // namespace

// In float32: exact as long as sums stay below 2^24, rounded beyond.
void lower_convolution_integer(Lowering& node) {
  const View y = node.output(0);
  const ConvolutionPath path = path_of(node);
  const Shape& w = node.shape(1);
  const Buffer from = widen(node, 0, 1), raw = widen(node, 1, w.count(1, w.rank()));
  const Extent count = y.shape.count();
  const Buffer weights = node.scratch(path.packed_count()), sums = node.scratch(count);
  const Buffer planes = node.scratch(path.scratch_count());
  node.run([=, y = y.buffer](const Run& run) {
    path.pack(run.at(raw), run.at(weights));
    path.run(run.at(from), run.at(weights), nullptr, run.at(sums), {}, run.at(planes));
    kernels::round_to_integers(run.at(sums), count, run.at<int32_t>(y));
  });
}

}  // namespace heed

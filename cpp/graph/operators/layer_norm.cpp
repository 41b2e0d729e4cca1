// LayerNormalization and RMSNormalization: over all axes from `axis` on, row-major.
#include "graph/operators/arguments.h"
#include "graph/operators/elementwise_loop.h"
#include "kernels/elementwise_unary.h"
#include "kernels/norm.h"

namespace heed {

namespace {

// The part of the shape that is normalised.
Shape normalized_shape(const Shape& shape, int axis) {
  Shape result;
  for (int i = axis; i < shape.rank(); ++i) result.push_back(shape[i]);
  return result;
}

// Input `index`, of shape `to`: as it is, or spread into scratch where it broadcasts.
Buffer broadcast_input(Lowering& node, int index, const Shape& to) {
  if (!node.has(index)) return kNoBuffer;
  View from = node.input(index);
  if (from.shape.count() == to.count()) return from.buffer;
  const View spread = {DType::kF32, to, strides_of(to), Layout::kRowMajor,
                       node.scratch(static_cast<size_t>(to.count()) * sizeof(float))};
  const kernels::Loop loop = elementwise_loop(spread, {from});
  node.run([=, y = spread.buffer, x = from.buffer](const Run& run) {
    kernels::unary({}, {}, loop, run.at<float>(y), run.at<float>(x));
  });
  return spread.buffer;
}

}  // namespace

Status infer_layer_norm(Inference& node) {
  HEED_TRY(check_first_output(node));
  const Shape& shape = node.shape(0);
  const Result<int> axis = normalize_axis(node.attributes().integer("axis", -1), shape.rank());
  if (!axis.ok()) return axis.status();
  for (int input = 0; input < 3; ++input) {
    if (!node.has(input)) continue;
    if (node.dtype(input) != DType::kF32) {
      return error(Code::kUnsupportedType, node.node().op->name, " of ",
                   dtype_name(node.dtype(input)));
    }
    if (input == 0) continue;
    const Shape normalized = normalized_shape(shape, axis.value());
    const Result<Shape> both = broadcast(node.shape(input), normalized);
    if (!both.ok() || !(both.value() == normalized)) {
      return error(Code::kWrongShape, "input ", input, " has the shape ", node.shape(input),
                   ", which does not broadcast to the normalised axes ", normalized);
    }
  }
  Shape statistics = shape;
  for (int i = axis.value(); i < shape.rank(); ++i) statistics[i] = 1;
  node.set(0, DType::kF32, shape);
  node.set(1, DType::kF32, statistics);
  node.set(2, DType::kF32, statistics);
  return {};
}

Status lower_layer_norm(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const int axis = normalize_axis(node.attributes().integer("axis", -1), x.shape.rank()).value();
  const Shape normalized = normalized_shape(x.shape, axis);
  kernels::LayerNorm norm;
  norm.rows = x.shape.count(0, axis);
  norm.count = normalized.count();
  norm.epsilon = node.attributes().real("epsilon", 1e-5f);
  norm.centred = node.node().op->name == "LayerNormalization";
  const Buffer gain = broadcast_input(node, 1, normalized);
  const Buffer offset = broadcast_input(node, 2, normalized);
  const Buffer means = node.wants(1) ? node.output(1).buffer : kNoBuffer;
  const Buffer inverses = node.wants(2) ? node.output(2).buffer : kNoBuffer;
  const auto optional = [](const Run& run, Buffer buffer) {
    return buffer == kNoBuffer ? nullptr : run.at<float>(buffer);
  };
  node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::layer_norm(norm, run.at<float>(y), run.at<float>(x), run.at<float>(gain),
                        optional(run, offset), optional(run, means), optional(run, inverses));
  });
  return {};
}

}  // namespace heed

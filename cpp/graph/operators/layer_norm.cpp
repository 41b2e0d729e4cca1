// LayerNormalization and RMSNormalization: over all axes from `axis` on, row-major.
#include "graph/operator.h"
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
  const View from = node.input(index);
  if (from.shape.count() == to.count()) return from.buffer;
  const View spread = {DType::kF32, to, strides_of(to), Layout::kRowMajor,
                       node.scratch(to.count())};
  const kernels::Loop loop = elementwise_loop(spread, {&from});
  node.run([=, y = spread.buffer, x = from.buffer](const Run& run) {
    kernels::unary({}, {}, loop, run.at(y), run.at(x));
  });
  return spread.buffer;
}

}  // namespace

void infer_layer_norm(Inference& node) {
  node.expect_first_output();
  node.expect_floats(3);
  const Shape& shape = node.shape(0);
  const int axis = node.axis(-1, shape.rank());
  const Shape normalized = normalized_shape(shape, axis);
  for (int input = 1; input < 3; ++input) {
    if (node.has(input)) node.expect_broadcast(node.shape(input), normalized);
  }
  Shape statistics = shape;
  for (int i = axis; i < shape.rank(); ++i) statistics[i] = 1;
  node.set(0, DType::kF32, shape);
  node.set(1, DType::kF32, statistics);
  node.set(2, DType::kF32, statistics);
}

void lower_layer_norm(Lowering& node) {
  const Shape& shape = node.shape(0);
  const int axis = node.axis(-1, shape.rank());
  const Shape normalized = normalized_shape(shape, axis);
  kernels::LayerNorm norm;
  norm.rows = shape.count(0, axis);
  norm.count = normalized.count();
  norm.epsilon = node.real("epsilon", 1e-5f);
  norm.centred = node.id() == OperatorId::kLayerNormalization;
  const Buffer gain = broadcast_input(node, 1, normalized);
  const Buffer offset = broadcast_input(node, 2, normalized);
  node.run([=, x = node.input_buffer(0), y = node.output_buffer(0), means = node.output_buffer(1),
            inverses = node.output_buffer(2)](const Run& run) {
    kernels::layer_norm(norm, run.at(y), run.at(x), run.at(gain), run.at(offset), run.at(means),
                        run.at(inverses));
  });
}

}  // namespace heed

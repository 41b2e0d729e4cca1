// PooledGate, the fused step of channel attention: pool, one or two full connections, gate, scale.
#include "kernels/pooled_gate.h"

#include "graph/operators/arguments.h"

namespace heed {

namespace {

kernels::Activation activation_at(const Attributes& attributes, std::string_view name) {
  kernels::Activation activation;
  activation.kind = static_cast<kernels::ActivationKind>(attributes.integer(name, 0));
  activation.alpha = attributes.real(join(name, "_alpha"), 0);
  activation.beta = attributes.real(join(name, "_beta"), 0);
  return activation;
}

Status check_activation(const Attributes& attributes, std::string_view name) {
  const int64_t kind = attributes.integer(name, 0);
  if (kind >= 0 && kind <= static_cast<int64_t>(kernels::ActivationKind::kMish)) return {};
  return error(Code::kInvalidGraph, name, " has the unknown activation ", kind);
}

// Input `index` is a weight (out, in), perhaps that of a 1x1 convolution.
Status check_weight(const Inference& node, int index, Extent out, Extent in) {
  const Shape& shape = node.shape(index);
  if (shape.rank() >= 2 && shape[0] == out && shape[1] == in && shape.count(2, shape.rank()) == 1) {
    return {};
  }
  return error(Code::kWrongShape, "the weight of input ", index, " has the shape ", shape,
               ", expected ", Shape{out, in});
}

Status check_bias(const Inference& node, int index, Extent out) {
  if (!node.has(index) || node.shape(index).count() == out) return {};
  return error(Code::kWrongShape, "the bias of input ", index, " has the shape ", node.shape(index),
               ", expected ", Shape{out});
}

}  // namespace

Status infer_pooled_gate(Inference& node) {
  HEED_TRY(check_first_output(node));
  for (int input = 0; input < node.input_count(); ++input) {
    if (node.has(input) && node.dtype(input) != DType::kF32) {
      return error(Code::kUnsupportedType, "PooledGate of ", dtype_name(node.dtype(input)));
    }
  }
  HEED_TRY(check_activation(node.attributes(), "hidden"));
  HEED_TRY(check_activation(node.attributes(), "gate"));
  const Shape& x = node.shape(0);
  if (x.rank() < 2 || node.shape(1).rank() < 2) {
    return error(Code::kWrongShape, "PooledGate of ", x, " with a weight ", node.shape(1));
  }
  const Extent channels = x[1];
  const bool two = node.has(3);
  const Extent out = two ? node.shape(1)[0] : channels;
  if (two && out == 0) return error(Code::kWrongShape, "a weight of no rows");
  HEED_TRY(check_weight(node, 1, out, channels));
  HEED_TRY(check_bias(node, 2, out));
  if (two) {
    HEED_TRY(check_weight(node, 3, channels, out));
    HEED_TRY(check_bias(node, 4, channels));
  }
  Shape map = x;
  for (int axis = 2; axis < map.rank(); ++axis) map[axis] = 1;
  node.set(0, DType::kF32, x);
  node.set(1, DType::kF32, map);
  return {};
}

Status lower_pooled_gate(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  kernels::PooledGate gate;
  gate.batch = x.shape[0];
  gate.channels = x.shape[1];
  gate.positions = x.shape.count(2, x.shape.rank());
  gate.hidden_channels = node.has(3) ? node.input(1).shape[0] : 0;
  gate.hidden = activation_at(node.attributes(), "hidden");
  gate.gate = activation_at(node.attributes(), "gate");
  gate.residual = node.attributes().integer("residual", 0) != 0;
  gate = kernels::make_pooled_gate(gate);

  const auto floats = [&](Extent width) {
    return static_cast<size_t>(gate.batch) * static_cast<size_t>(width) * sizeof(float);
  };
  const Buffer scratch = node.scratch(floats(gate.channels) + floats(gate.hidden_channels));
  const Buffer map = node.wants(1) ? node.output(1).buffer : node.scratch(floats(gate.channels));
  Buffer weights[4];
  for (int i = 0; i < 4; ++i) {
    weights[i] = node.has(i + 1) ? node.input(i + 1).buffer : kNoBuffer;
  }
  node.run([=, w1 = weights[0], b1 = weights[1], w2 = weights[2], b2 = weights[3], y = y.buffer,
            x = x.buffer](const Run& run) {
    const auto at = [&](Buffer buffer) -> const float* {
      return buffer == kNoBuffer ? nullptr : run.at<float>(buffer);
    };
    kernels::pooled_gate(gate, {at(w1), at(b1), at(w2), at(b2)}, run.at<float>(y),
                         run.at<float>(map), run.at<float>(x), run.at<float>(scratch));
  });
  return {};
}

}  // namespace heed

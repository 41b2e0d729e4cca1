// PooledGate, the fused step of channel attention: pool, one or two full connections, gate, scale.
#include "kernels/pooled_gate.h"

#include "graph/operator.h"

namespace heed {

namespace {

using kernels::Activation;
using kernels::ActivationKind;

Activation read_activation(NodeReader& node, const char* kind_name, const char* alpha,
                           const char* beta) {
  const int64_t kind = node.integer(kind_name, 0);
  if (kind < 0 || kind > static_cast<int64_t>(ActivationKind::kMish)) {
    node.fail(Code::kInvalidGraph, "% is the unknown activation %", kind_name, kind);
  }
  Activation activation;
  activation.kind = static_cast<ActivationKind>(kind);
  activation.alpha = node.real(alpha, 0);
  activation.beta = node.real(beta, 0);
  return activation;
}

Activation hidden_activation(NodeReader& node) {
  return read_activation(node, "hidden", "hidden_alpha", "hidden_beta");
}
Activation gate_activation(NodeReader& node) {
  return read_activation(node, "gate", "gate_alpha", "gate_beta");
}

// Input `index` is a weight (out, in), perhaps that of a 1x1 convolution, the next one its bias.
void check_connection(Inference& node, int index, Extent out, Extent in) {
  const Shape& weight = node.shape(index);
  if (weight.rank() < 2 || weight.count(2, weight.rank()) != 1 || weight[0] != out ||
      weight[1] != in) {
    node.expect_shape(index, Shape{out, in});
  }
  const int bias = index + 1;
  if (node.has(bias) && node.shape(bias).count() != out) node.expect_shape(bias, Shape{out});
}

}  // namespace

void infer_pooled_gate(Inference& node) {
  node.expect_first_output();
  node.expect_floats(node.input_count());
  hidden_activation(node);
  gate_activation(node);
  const Shape& x = node.shape(0);
  const Extent channels = x[1];
  const bool two = node.has(3);
  const Extent out = two ? node.shape(1)[0] : channels;
  if (x.rank() < 2 || (two && out == 0)) {
    node.fail(Code::kWrongShape, "the input % does not fit the weight %", x, node.shape(1));
  }
  check_connection(node, 1, out, channels);
  if (two) check_connection(node, 3, channels, out);
  Shape map = x;
  for (int axis = 2; axis < map.rank(); ++axis) map[axis] = 1;
  node.set(0, DType::kF32, x);
  node.set(1, DType::kF32, map);
}

void lower_pooled_gate(Lowering& node) {
  const Shape& x = node.shape(0);
  kernels::PooledGate gate;
  gate.batch = x[0];
  gate.channels = x[1];
  gate.positions = x.count(2, x.rank());
  gate.hidden_channels = node.has(3) ? node.shape(1)[0] : 0;
  gate.hidden = hidden_activation(node);
  gate.gate = gate_activation(node);
  gate.residual = node.flag("residual");
  gate = kernels::make_pooled_gate(gate);

  const int64_t batch = gate.batch;
  const Buffer scratch = node.scratch(batch * (int64_t{gate.channels} + gate.hidden_channels));
  const Buffer map = node.wants(1) ? node.output_buffer(1) : node.scratch(batch * gate.channels);
  node.run([=, w1 = node.input_buffer(1), b1 = node.input_buffer(2), w2 = node.input_buffer(3),
            b2 = node.input_buffer(4), y = node.output_buffer(0),
            x = node.input_buffer(0)](const Run& run) {
    kernels::pooled_gate(gate, {run.at(w1), run.at(b1), run.at(w2), run.at(b2)}, run.at(y),
                         run.at(map), run.at(x), run.at(scratch));
  });
}

}  // namespace heed

// PooledGate, the fused step of channel attention: pool, connect, gate, scale.
#include "kernels/pooled_gate.h"

#include "graph/operator.h"
#include "graph/operators/elementwise_loop.h"

namespace heed {

namespace {

using kernels::Activation;
using kernels::ActivationKind;
using kernels::Connection;
using kernels::PoolMerge;
using kernels::ReduceKind;

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

// What attributes and shapes say.
kernels::PooledGate read_gate(NodeReader& node) {
  // In the order of the bits of "pools".
  constexpr ReduceKind kPools[] = {ReduceKind::kMean, ReduceKind::kMax, ReduceKind::kL2,
                                   ReduceKind::kLogSumExp};
  kernels::PooledGate gate;
  const int64_t pools = node.integer("pools", 1);
  if (pools < 1 || pools > 15) {
    node.fail(Code::kInvalidGraph, "pools is %, expected 1..15", pools);
  }
  for (int bit = 0; bit < 4; ++bit) {
    if (pools >> bit & 1) gate.kinds[gate.pools++] = kPools[bit];
  }
  const Shape& x = node.shape(0);
  gate.batch = x[0];
  gate.channels = x[1];
  gate.merge = static_cast<PoolMerge>(node.choice("merge", "scores|pools|gates"));
  gate.hidden = read_activation(node, "hidden", "hidden_alpha", "hidden_beta");
  gate.gate = read_activation(node, "gate", "gate_alpha", "gate_beta");
  gate.residual = node.flag("residual");
  if (!node.has(1)) return gate;
  const Shape& w1 = node.shape(1);
  gate.connection = node.choice("connection", "full|convolution") == 0 ? Connection::kFull
                                                                       : Connection::kConvolution;
  if (gate.connection == Connection::kFull) {
    if (node.has(3)) gate.hidden_channels = w1[0];
    return gate;
  }
  gate.taps = w1[2];
  gate.per_channel = w1[0] != 1;
  gate.circular = node.choice("padding", "zero|circular") == 1;
  gate.many_biases = node.has(2) && node.shape(2).count() != 1;
  return gate;
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

// One row of taps for all channels, or one for each.
void check_convolution(Inference& node, const kernels::PooledGate& gate) {
  const Shape& weight = node.shape(1);
  if (weight.rank() != 3 || weight[1] != 1 || weight[2] < 1 ||
      (weight[0] != 1 && weight[0] != gate.channels)) {
    node.fail(Code::kWrongShape, "the convolution along % channels has a weight of the shape %",
              gate.channels, weight);
  }
  if (gate.many_biases) node.expect_shape(2, Shape{gate.channels});
}

}  // namespace

void infer_pooled_gate(Inference& node) {
  node.expect_floats(node.input_count());
  const Shape& x = node.shape(0);
  if (x.rank() < 2) node.fail(Code::kWrongShape, "a gate of a tensor of the shape %", x);
  const kernels::PooledGate gate = read_gate(node);
  if (gate.connection == Connection::kConvolution) {
    check_convolution(node, gate);
  } else if (gate.connection == Connection::kFull) {
    const bool two = node.has(3);
    const Extent out = two ? gate.hidden_channels : gate.channels;
    if (out == 0) node.fail(Code::kWrongShape, "the weight % connects nothing", node.shape(1));
    check_connection(node, 1, out, gate.channels);
    if (two) check_connection(node, 3, gate.channels, out);
  }
  Shape map = x;
  for (int axis = 2; axis < map.rank(); ++axis) map[axis] = 1;
  node.set(0, DType::kF32, x);
  node.set(1, DType::kF32, map);
}

void lower_pooled_gate(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  kernels::PooledGate gate = read_gate(node);
  Strides channels;
  channels[0] = gate.channels;
  channels[1] = 1;
  const AxisSet positions = (AxisSet{1} << x.shape.rank()) - 4;
  gate.pooling = kernels::make_reduction(x.shape, positions, x.strides, channels);
  const Strides scaled[] = {y.strides, x.strides, channels};
  gate.scaling = kernels::make_periodic_loop(x.shape, scaled);

  const Buffer scratch = node.scratch(kernels::pooled_gate_scratch(gate));
  const Buffer map =
      node.wants(1) ? node.output_buffer(1) : node.scratch(int64_t{gate.batch} * gate.channels);
  node.run([=, w1 = node.input_buffer(1), b1 = node.input_buffer(2), w2 = node.input_buffer(3),
            b2 = node.input_buffer(4), y = y.buffer, x = x.buffer](const Run& run) {
    kernels::pooled_gate(gate, {run.at(w1), run.at(b1), run.at(w2), run.at(b2)}, run.at(y),
                         run.at(map), run.at(x), run.at(scratch));
  });
}

}  // namespace heed

#include "attention/pooled_gate.h"

#include "attention/builder.h"

namespace heed::attention {

std::vector<TensorId> PooledGate::inputs() const {
  return {x, weights[0], weights[1], weights[2], weights[3]};
}

void set_activation(Attributes& attributes, std::string_view name,
                    const kernels::Activation& activation) {
  attributes.set(name, static_cast<int64_t>(activation.kind));
  attributes.set(join(name, "_alpha"), activation.alpha);
  attributes.set(join(name, "_beta"), activation.beta);
}

void PooledGate::describe(Attributes& attributes) const {
  set_activation(attributes, "hidden", hidden);
  set_activation(attributes, "gate", gate);
  attributes.set("pools", int64_t{pools});
  attributes.set("merge", std::string(merge));
  if (convolution) attributes.set("connection", std::string("convolution"));
  if (circular) attributes.set("padding", std::string("circular"));
  attributes.set("residual", int64_t{residual});
}

void connect(Builder& b, PooledGate& gate, std::string_view first, std::string_view second,
             Extent hidden, Extent channels) {
  const bool two = !second.empty();
  b.connection(first, two ? hidden : channels, channels, Bias::kAsGiven, gate.weights);
  if (two) b.connection(second, channels, hidden, Bias::kAsGiven, gate.weights + 2);
}

TensorId add_pooled_gate(Builder& b, const PooledGate& gate, TensorId& s) {
  gate.describe(b.attributes());
  const Value y = b.node("PooledGate", gate.inputs());
  s = b.next_output();
  return y;
}

void finish_with(Builder& b, const PooledGate& gate) {
  TensorId s;
  const Value y = add_pooled_gate(b, gate, s);
  b.map("channel", s, "batch channels *");
  b.result(y);
}

}  // namespace heed::attention

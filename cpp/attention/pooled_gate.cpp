#include "attention/pooled_gate.h"

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

}  // namespace heed::attention

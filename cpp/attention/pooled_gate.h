// The fused step PooledGate (see graph/operators.def) as the channel gates emit it: from weights,
// and in graphs that came from files.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace heed::attention {

class Builder;

struct PooledGate {
  TensorId x = kNoTensor;
  TensorId weights[4] = {kNoTensor, kNoTensor, kNoTensor, kNoTensor};  // w1, b1, w2, b2
  kernels::Activation hidden{kernels::ActivationKind::kRelu};
  kernels::Activation gate{kernels::ActivationKind::kSigmoid};
  uint32_t pools = 1;  // the sum of mean 1, max 2, L2 norm 4, log-sum-exp 8
  const char* merge = "scores";
  bool convolution = false;  // w1 runs along the channels
  bool circular = false;     // and around their ends
  bool residual = false;     // y = x + x * s

  std::vector<TensorId> inputs() const;
  void describe(Attributes& attributes) const;
};

// The activation as three attributes that begin with `name`.
void set_activation(Attributes& attributes, std::string_view name,
                    const kernels::Activation& activation);

// `gate` with the full connections of those names: `first` (hidden, channels), `second` (channels,
// hidden), both perhaps with a bias; without `second`, `first` is (channels, channels).
void connect(Builder& b, PooledGate& gate, std::string_view first, std::string_view second,
             Extent hidden, Extent channels);

// Adds the step; y, and in `s` the map.
TensorId add_pooled_gate(Builder& b, const PooledGate& gate, TensorId& s);
// The same as a whole layer: records the map and gives y.
void finish_with(Builder& b, const PooledGate& gate);

}  // namespace heed::attention

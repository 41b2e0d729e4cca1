// The fused step PooledGate (see graph/operators.def) as the channel gates emit it: from weights,
// and in graphs that came from files.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace heed::attention {

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

}  // namespace heed::attention

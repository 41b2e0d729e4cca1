// Reading a node as an element-wise activation.
#pragma once

#include <optional>

#include "base/function_ref.h"
#include "graph/graph.h"

namespace heed {

struct ActivationOf {
  TensorId input;
  kernels::Activation activation;
};

// The activation that a node applies to one of its inputs: a named one (Relu, Clip with known
// bounds, HardSwish, ...), a fused `Activate`, or a sum or product with a known float32 scalar.
// `value` gives the known value of a tensor, or null. The node's output may still have another
// shape than the input, when the scalar has a higher rank: callers compare.
std::optional<ActivationOf> activation_of(const Node& node,
                                          FunctionRef<const Constant*(TensorId)> value);

}  // namespace heed

// What an operator is to the graph: a name, a layout rule, shape inference and a lowering to kernel
// calls. Every operator of the one list (operators.def) is implemented by two functions in
// graph/operators/.
#pragma once

#include <string_view>

#include "graph/graph.h"
#include "graph/inference.h"
#include "graph/lowering.h"

namespace heed {

// What an operator asks of the physical order of its tensors.
enum class LayoutRule : uint8_t {
  // Input 0, the residual and all outputs of rank >= 3 are channels-last; other inputs are
  // row-major.
  kChannelsLast,
  // Any order, each tensor on its own: the lowering works through the views' strides. The plan
  // gives outputs of the same
  // rank the order of the inputs.
  kIndifferent,
  // All inputs and outputs are row-major.
  kStrict,
};

// What passes may move into an operator.
enum class Fusion : uint8_t { kNone, kActivation, kActivationAndResidual };

struct Operator {
  std::string_view name;    // ONNX's; fused steps have names of their own
  std::string_view domain;  // "" for ONNX, "heed" for fused steps
  LayoutRule layout;
  Fusion fusion;
  uint8_t first_version;  // the oldest operator set whose meaning of it is implemented
  uint8_t min_inputs;
  uint8_t max_inputs;  // 255: any number
  OperatorId id;
  void (*infer)(Inference&);
  void (*lower)(Lowering&);
};

// The operator of that name, or null. ONNX's default domain is "" (also spelled "ai.onnx").
const Operator* find_operator(std::string_view domain, std::string_view name);

// All operators, in the list's order.
std::span<const Operator> all_operators();

}  // namespace heed

#include <algorithm>

#include "graph/operator.h"
#include "graph/passes/passes.h"
#include "graph/plan.h"

namespace heed {

namespace {

// A fold may make a small tensor large (Expand, ConstantOfShape, Tile). Above this, and above what
// went in, it stays a node.
constexpr int64_t kLargestGrown = 1 << 16;

}  // namespace

Status fold_constants(Graph& graph) {
  Editor editor(graph);
  for (size_t i = 0; i < editor.node_count(); ++i) {
    Node& node = editor.node(i);
    // Decisions (If) are the plan's, which knows values that come from shapes too.
    if (!editor.alive(i) || node.op->name == "If") continue;
    std::vector<ConstantPtr> inputs;
    int64_t elements = 0;
    bool known = true;
    for (TensorId input : node.inputs) {
      inputs.push_back(input == kNoTensor ? nullptr : graph.tensor(input).constant);
      if (input == kNoTensor) continue;
      known = known && inputs.back();
      if (known) elements += inputs.back()->shape.count();
    }
    const bool kept = std::any_of(node.outputs.begin(), node.outputs.end(), [&](TensorId output) {
      const auto is = [output](TensorId id) { return id == output; };
      return std::any_of(graph.outputs.begin(), graph.outputs.end(), is);
    });
    if (!known || kept) continue;
    Result<std::vector<ConstantPtr>> values =
        evaluate(node, inputs, std::max(kLargestGrown, elements));
    if (!values.ok()) {
      return error(values.status().code, node.op->name, " node '", node.name,
                   "': ", values.status().message);
    }
    const std::vector<TensorId> outputs = node.outputs;
    bool folded = true;
    for (size_t output = 0; output < outputs.size(); ++output) {
      if (outputs[output] == kNoTensor) continue;
      folded = folded && values.value()[output];
      if (folded) graph.tensor(outputs[output]).constant = values.value()[output];
    }
    if (folded) editor.discard(node);
  }
  return {};
}

}  // namespace heed

#include <algorithm>

#include "graph/operator.h"
#include "graph/passes/passes.h"

namespace heed {

namespace {

// The operand that a sum, difference, product or quotient with a neutral scalar gives unchanged. A
// scalar of rank 1 could raise the rank of the other operand, unless that is known to have one.
TensorId unchanged_operand(Editor& editor, const Node& node) {
  const std::string_view name = node.op->name;
  const bool product = name == "Mul" || name == "Div";
  if ((!product && name != "Add" && name != "Sub") || node.inputs.size() != 2) return kNoTensor;
  const bool commutes = name == "Mul" || name == "Add";
  for (size_t side = commutes ? 0 : 1; side < 2; ++side) {
    if (!editor.is_scalar(node.inputs[side], product ? 1.0f : 0.0f)) continue;
    const TensorId other = node.inputs[1 - side];
    const int rank = editor.constant(node.inputs[side])->shape.rank();
    if (rank == 0 || rank <= editor.rank(other)) return other;
  }
  return kNoTensor;
}

TensorId unchanged_input(Editor& editor, const Node& node) {
  if (!node.op->domain.empty()) return kNoTensor;
  if (node.op->name == "Identity") return node.inputs[0];
  const bool mask_unread =
      node.outputs.size() < 2 || node.outputs[1] == kNoTensor || editor.uses(node.outputs[1]) == 0;
  if (node.op->name == "Dropout" && mask_unread && !node.attributes->integer("is_test", 0) &&
      node.input(2) == kNoTensor) {
    return node.inputs[0];
  }
  return unchanged_operand(editor, node);
}

}  // namespace

void remove_no_ops(Graph& graph) {
  Editor editor(graph);
  for (size_t i = 0; i < editor.node_count(); ++i) {
    if (!editor.alive(i)) continue;
    const TensorId same = unchanged_input(editor, editor.node(i));
    if (same != kNoTensor) editor.bypass(editor.node(i), same);
  }
  for (size_t i = editor.node_count(); i-- > 0;) {
    if (!editor.alive(i)) continue;
    const auto& outputs = editor.node(i).outputs;
    const bool unread = std::all_of(outputs.begin(), outputs.end(), [&](TensorId id) {
      return id == kNoTensor || editor.uses(id) == 0;
    });
    if (unread) editor.discard(editor.node(i));
  }
}

}  // namespace heed

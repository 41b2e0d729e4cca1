#include "graph/operator.h"
#include "graph/passes/passes.h"

namespace heed {

namespace {

// A mean over the last axis alone, that keeps it with extent 1. The axes are an attribute before
// operator set 18, an input since.
TensorId mean_over_last(Editor& editor, TensorId tensor) {
  Node* mean = editor.producer(tensor, "ReduceMean");
  if (!mean || mean->attributes->integer("keepdims", 1) != 1) return kNoTensor;
  std::span<const int64_t> axes = mean->attributes->integers("axes");
  if (const Constant* given = editor.constant(mean->input(1))) {
    if (given->dtype == DType::kI64) axes = given->values<int64_t>();
  }
  if (axes.size() != 1) return kNoTensor;
  const int rank = editor.rank(mean->inputs[0]);
  const bool last = axes[0] == -1 || (rank > 0 && axes[0] == rank - 1);
  return last ? mean->inputs[0] : kNoTensor;
}

// x - mean(x)
TensorId centred(Editor& editor, TensorId tensor) {
  Node* difference = editor.producer(tensor, "Sub");
  if (!difference) return kNoTensor;
  const TensorId x = difference->inputs[0];
  return mean_over_last(editor, difference->inputs[1]) == x ? x : kNoTensor;
}

// sqrt(mean(d^2) + epsilon): finds d and epsilon.
TensorId deviation(Editor& editor, TensorId tensor, float& epsilon) {
  Node* root = editor.producer(tensor, "Sqrt");
  Node* plus = root ? editor.producer(root->inputs[0], "Add") : nullptr;
  if (!plus || plus->inputs.size() != 2) return kNoTensor;
  const size_t side = editor.constant(plus->inputs[1]) ? 1 : 0;
  const std::optional<float> small = editor.scalar(plus->inputs[side]);
  if (!small) return kNoTensor;
  epsilon = *small;
  const TensorId square = mean_over_last(editor, plus->inputs[1 - side]);
  if (Node* power = editor.producer(square, "Pow")) {
    return editor.is_scalar(power->inputs[1], 2.0f) ? power->inputs[0] : kNoTensor;
  }
  Node* product = editor.producer(square, "Mul");
  return product && product->inputs[0] == product->inputs[1] ? product->inputs[0] : kNoTensor;
}

// The operand of a sum or product whose other one is a weight of rank 1 and more than a scalar.
TensorId with_weight(Editor& editor, const Node* node, TensorId& weight) {
  if (!node || node->inputs.size() != 2) return kNoTensor;
  for (size_t side = 0; side < 2; ++side) {
    const Constant* value = editor.constant(node->inputs[side]);
    if (!value || value->dtype != DType::kF32 || value->shape.rank() != 1) continue;
    weight = node->inputs[side];
    return node->inputs[1 - side];
  }
  return kNoTensor;
}

}  // namespace

void recognize_layer_norms(Graph& graph) {
  Editor editor(graph);
  for (size_t i = 0; i < editor.node_count(); ++i) {
    if (!editor.alive(i) || editor.node(i).op->name != "Add") continue;
    Node& node = editor.node(i);
    TensorId bias = kNoTensor;
    TensorId gain = kNoTensor;
    const TensorId scaled = with_weight(editor, &node, bias);
    const TensorId normal = with_weight(editor, editor.producer(scaled, "Mul"), gain);
    const Node* quotient = editor.producer(normal, "Div");
    if (!quotient) continue;
    const TensorId x = centred(editor, quotient->inputs[0]);
    float epsilon = 0;
    const TensorId difference = deviation(editor, quotient->inputs[1], epsilon);
    if (x == kNoTensor || centred(editor, difference) != x) continue;
    if (editor.constant(gain)->shape != editor.constant(bias)->shape) continue;
    auto attributes = std::make_shared<Attributes>();
    attributes->set("axis", int64_t{-1});
    attributes->set("epsilon", epsilon);
    node.version = 17;
    editor.replace(node, "", "LayerNormalization", {x, gain, bias}, std::move(attributes));
  }
}

}  // namespace heed

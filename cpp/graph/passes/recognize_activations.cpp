#include "graph/operator.h"
#include "graph/passes/activation_of.h"
#include "graph/passes/passes.h"

namespace heed {

namespace {

using kernels::Activation;
using kernels::ActivationKind;

// A pattern's end: the tensor that the activation is of.
struct Match {
  TensorId input = kNoTensor;
  Activation activation;
};

bool near(std::optional<float> value, float wanted) {
  return value && *value > wanted * 0.99999f && *value < wanted * 1.00001f;
}

// min(max(x + 3, 0), 6)
TensorId clipped_plus_three(Editor& editor, TensorId tensor) {
  Node* clip = editor.producer(tensor, "Clip");
  if (!clip) return kNoTensor;
  const auto bounds = activation_of(*clip, [&](TensorId id) { return editor.constant(id); });
  if (!bounds || bounds->activation.alpha != 0 || bounds->activation.beta != 6) return kNoTensor;
  Node* plus = editor.producer(bounds->input, "Add");
  return plus ? editor.other_operand(*plus, 3.0f) : kNoTensor;
}

// x / 6, or x * (1/6)
TensorId sixth_of(Editor& editor, const Node& node) {
  if (node.op->name == "Div" && editor.is_scalar(node.input(1), 6.0f)) return node.inputs[0];
  if (node.op->name != "Mul" || node.inputs.size() != 2) return kNoTensor;
  for (size_t side = 0; side < 2; ++side) {
    if (near(editor.scalar(node.inputs[side]), 1.0f / 6)) return node.inputs[1 - side];
  }
  return kNoTensor;
}

// min(max(x + 3, 0), 6) / 6
TensorId hard_sigmoid_of(Editor& editor, TensorId tensor) {
  Node* node = editor.producer(tensor);
  if (!node) return kNoTensor;
  const auto known = activation_of(*node, [&](TensorId id) { return editor.constant(id); });
  if (known && known->activation.kind == ActivationKind::kHardSigmoid &&
      near(known->activation.alpha, 1.0f / 6) && near(known->activation.beta, 0.5f)) {
    return known->input;
  }
  const TensorId clipped = sixth_of(editor, *node);
  return clipped == kNoTensor ? kNoTensor : clipped_plus_three(editor, clipped);
}

// tanh(softplus(x)), or sigmoid(x): what SiLU and Mish multiply x by.
Match factor_of(Editor& editor, TensorId tensor) {
  if (Node* sigmoid = editor.producer(tensor, "Sigmoid")) {
    return {sigmoid->inputs[0], {ActivationKind::kSilu}};
  }
  if (const TensorId x = hard_sigmoid_of(editor, tensor); x != kNoTensor) {
    return {x, {ActivationKind::kHardSwish}};
  }
  Node* tanh = editor.producer(tensor, "Tanh");
  Node* softplus = tanh ? editor.producer(tanh->inputs[0], "Softplus") : nullptr;
  if (softplus) return {softplus->inputs[0], {ActivationKind::kMish}};
  return {};
}

// x * factor(x), in either order.
Match match_gated(Editor& editor, const Node& node) {
  if (node.op->name != "Mul" || node.inputs.size() != 2) return {};
  for (size_t side = 0; side < 2; ++side) {
    const Match factor = factor_of(editor, node.inputs[side]);
    if (factor.input != kNoTensor && factor.input == node.inputs[1 - side]) return factor;
  }
  return {};
}

// (x * min(max(x + 3, 0), 6)) / 6, or the clipped part alone over 6.
Match match_sixth(Editor& editor, const Node& node) {
  const TensorId whole = sixth_of(editor, node);
  if (whole == kNoTensor) return {};
  if (const TensorId x = clipped_plus_three(editor, whole); x != kNoTensor) {
    return {x, {ActivationKind::kHardSigmoid, 1.0f / 6, 0.5f}};
  }
  Node* product = editor.producer(whole, "Mul");
  if (!product || product->inputs.size() != 2) return {};
  for (size_t side = 0; side < 2; ++side) {
    const TensorId x = clipped_plus_three(editor, product->inputs[side]);
    if (x != kNoTensor && x == product->inputs[1 - side]) return {x, {ActivationKind::kHardSwish}};
  }
  return {};
}

// 1 + erf(x / sqrt 2)
TensorId one_plus_erf(Editor& editor, TensorId tensor) {
  Node* plus = editor.producer(tensor, "Add");
  if (!plus) return kNoTensor;
  Node* erf = editor.producer(editor.other_operand(*plus, 1.0f), "Erf");
  Node* scaled = erf ? editor.producer(erf->inputs[0]) : nullptr;
  if (!scaled || scaled->inputs.size() != 2) return kNoTensor;
  if (scaled->op->name == "Div" && near(editor.scalar(scaled->inputs[1]), 1.41421356f)) {
    return scaled->inputs[0];
  }
  if (scaled->op->name != "Mul") return kNoTensor;
  for (size_t side = 0; side < 2; ++side) {
    if (near(editor.scalar(scaled->inputs[side]), 0.70710678f)) return scaled->inputs[1 - side];
  }
  return kNoTensor;
}

// The three ways in which the product of x, 1/2 and 1 + erf(x / sqrt 2) is grouped.
Match match_gelu(Editor& editor, const Node& node) {
  if (node.op->name != "Mul" || node.inputs.size() != 2) return {};
  const Activation gelu{ActivationKind::kGelu};
  const auto halved = [&](TensorId tensor) {
    const Node* product = editor.producer(tensor, "Mul");
    return product ? editor.other_operand(*product, 0.5f) : kNoTensor;
  };
  if (const TensorId whole = editor.other_operand(node, 0.5f); whole != kNoTensor) {
    const Node* product = editor.producer(whole, "Mul");
    if (!product || product->inputs.size() != 2) return {};
    for (size_t side = 0; side < 2; ++side) {
      const TensorId x = one_plus_erf(editor, product->inputs[side]);
      if (x != kNoTensor && x == product->inputs[1 - side]) return {x, gelu};
    }
    return {};
  }
  for (size_t side = 0; side < 2; ++side) {
    const TensorId first = node.inputs[side];
    const TensorId second = node.inputs[1 - side];
    const TensorId x = one_plus_erf(editor, first);
    if (x != kNoTensor && halved(second) == x) return {x, gelu};
    const TensorId half = halved(first);
    if (half != kNoTensor && one_plus_erf(editor, half) == second) return {second, gelu};
  }
  return {};
}

}  // namespace

void recognize_activations(Graph& graph) {
  Editor editor(graph);
  for (size_t i = 0; i < editor.node_count(); ++i) {
    if (!editor.alive(i) || !editor.node(i).op->domain.empty()) continue;
    Node& node = editor.node(i);
    for (const auto match : {match_gated, match_sixth, match_gelu}) {
      const Match found = match(editor, node);
      if (found.input == kNoTensor) continue;
      node.activation = found.activation;
      editor.replace(node, "heed", "Activate", {found.input}, std::make_shared<Attributes>());
      break;
    }
  }
}

}  // namespace heed

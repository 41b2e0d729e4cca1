#include "graph/passes/activation_of.h"

#include <limits>

#include "graph/operator.h"

namespace heed {

namespace {

using kernels::Activation;
using kernels::ActivationKind;
using ValueOf = FunctionRef<const Constant*(TensorId)>;

std::optional<float> scalar(const Constant* constant) {
  if (!constant || constant->dtype != DType::kF32 || constant->shape.count() != 1) return {};
  return constant->values<float>()[0];
}

// Clip's bounds are attributes before operator set 11, inputs since.
std::optional<Activation> clip(const Node& node, ValueOf value) {
  Activation activation{ActivationKind::kClip};
  activation.alpha = node.attributes->real("min", -std::numeric_limits<float>::infinity());
  activation.beta = node.attributes->real("max", std::numeric_limits<float>::infinity());
  float* const bounds[] = {&activation.alpha, &activation.beta};
  for (size_t i = 1; i <= 2; ++i) {
    if (node.input(i) == kNoTensor) continue;
    const std::optional<float> bound = scalar(value(node.input(i)));
    if (!bound) return {};
    *bounds[i - 1] = *bound;
  }
  return activation;
}

std::optional<Activation> unary(const Node& node, ValueOf value) {
  const std::string_view name = node.op->name;
  const Attributes& attributes = *node.attributes;
  if (name == "Activate") return node.activation;
  if (!node.activation.identity()) return {};  // it has taken in what followed it
  if (name == "Relu") return Activation{ActivationKind::kRelu};
  if (name == "Sigmoid") return Activation{ActivationKind::kSigmoid};
  if (name == "Tanh") return Activation{ActivationKind::kTanh};
  if (name == "HardSwish") return Activation{ActivationKind::kHardSwish};
  if (name == "Softplus") return Activation{ActivationKind::kSoftplus};
  if (name == "Mish") return Activation{ActivationKind::kMish};
  if (name == "LeakyRelu") {
    return Activation{ActivationKind::kLeakyRelu, attributes.real("alpha", 0.01f)};
  }
  if (name == "Elu") return Activation{ActivationKind::kElu, attributes.real("alpha", 1.0f)};
  if (name == "HardSigmoid") {
    return Activation{ActivationKind::kHardSigmoid, attributes.real("alpha", 0.2f),
                      attributes.real("beta", 0.5f)};
  }
  if (name == "Gelu") {
    const bool approximate = attributes.text("approximate", "none") == "tanh";
    return Activation{approximate ? ActivationKind::kGeluTanh : ActivationKind::kGelu};
  }
  if (name == "Clip") return clip(node, value);
  return {};
}

}  // namespace

std::optional<ActivationOf> activation_of(const Node& node, ValueOf value) {
  if (const std::optional<Activation> activation = unary(node, value)) {
    return ActivationOf{node.inputs[0], *activation};
  }
  if (node.inputs.size() != 2 || node.op->domain != "" || !node.activation.identity()) return {};
  const std::string_view name = node.op->name;
  const bool commutes = name == "Add" || name == "Mul";
  if (!commutes && name != "Sub" && name != "Div") return {};
  for (size_t side = commutes ? 0 : 1; side < 2; ++side) {
    const std::optional<float> constant = scalar(value(node.inputs[side]));
    if (!constant) continue;
    Activation affine;
    if (name == "Add") affine.shift = *constant;
    if (name == "Sub") affine.shift = -*constant;
    if (name == "Mul") affine.scale = *constant;
    if (name == "Div") affine.scale = 1 / *constant;
    return ActivationOf{node.inputs[1 - side], affine};
  }
  return {};
}

}  // namespace heed

#include "attention/patterns.h"

#include <algorithm>

#include "graph/operator.h"
#include "graph/passes/activation_of.h"

namespace heed::attention {

namespace {

bool is_float(const Constant* constant) { return constant && constant->dtype == DType::kF32; }

bool is_bias(Editor& editor, TensorId bias, Extent out) {
  if (bias == kNoTensor) return true;
  const Constant* value = editor.constant(bias);
  return is_float(value) && value->shape.rank() == 1 && value->shape[0] == out;
}

bool is_pointwise(const Node& conv, const Shape& weight) {
  const Attributes& attributes = *conv.attributes;
  const auto all = [&](const char* name, int64_t wanted) {
    const auto values = attributes.integers(name);
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == wanted; });
  };
  return weight.count(2, weight.rank()) == 1 && attributes.integer("group", 1) == 1 &&
         all("strides", 1) && all("pads", 0);
}

}  // namespace

std::optional<FullConnection> full_connection(Editor& editor, TensorId output) {
  const Node* node = editor.producer(output);
  if (!node || !node->op->domain.empty() || !node->activation.identity()) return {};
  const Constant* weight = editor.constant(node->input(1));
  if (!is_float(weight)) return {};
  const Shape& shape = weight->shape;
  FullConnection found{node->inputs[0], node->inputs[1], false, node->input(2), 0, 0};
  if (node->op->name == "Conv" && shape.rank() >= 3 && is_pointwise(*node, shape)) {
    found.out = shape[0];
    found.in = shape[1];
  } else if (node->op->name == "Gemm" && shape.rank() == 2) {
    const Attributes& attributes = *node->attributes;
    if (attributes.integer("transA", 0) != 0 || attributes.real("alpha", 1) != 1 ||
        attributes.real("beta", 1) != 1) {
      return {};
    }
    found.transposed = attributes.integer("transB", 0) == 0;
    found.out = shape[found.transposed ? 1 : 0];
    found.in = shape[found.transposed ? 0 : 1];
  } else if (node->op->name == "MatMul" && shape.rank() == 2) {
    found.transposed = true;
    found.out = shape[1];
    found.in = shape[0];
  } else {
    return {};
  }
  if (!is_bias(editor, found.bias, found.out)) return {};
  return found;
}

TensorId weight_by_rows(Editor& editor, const FullConnection& connection) {
  if (!connection.transposed) return connection.weight;
  const auto values = editor.constant(connection.weight)->values<float>();
  NewConstant made = make_constant(DType::kF32, Shape{connection.out, connection.in});
  float* to = made.values<float>();
  for (Extent row = 0; row < connection.out; ++row) {
    for (Extent column = 0; column < connection.in; ++column) {
      *to++ = values[static_cast<size_t>(column * connection.out + row)];
    }
  }
  return editor.add_constant(editor.graph().tensor(connection.weight).name, made.constant);
}

std::optional<ActivationNode> activation_at(Editor& editor, TensorId output) {
  const Node* node = editor.producer(output);
  if (!node) return {};
  const auto found = activation_of(*node, [&](TensorId id) { return editor.constant(id); });
  if (!found || found->activation.kind == kernels::ActivationKind::kNone) return {};
  return ActivationNode{found->input, found->activation};
}

std::optional<std::vector<std::optional<int64_t>>> known_integers(Editor& editor, TensorId tensor) {
  std::vector<std::optional<int64_t>> result;
  // Pieces still to be read, the next one last. Bounded, as a file may say anything.
  std::vector<TensorId> pieces = {tensor};
  for (int step = 0; !pieces.empty(); ++step) {
    if (step == 64) return {};
    const TensorId piece = pieces.back();
    pieces.pop_back();
    if (const Constant* value = editor.constant(piece)) {
      if (value->dtype == DType::kI64) {
        for (int64_t v : value->values<int64_t>()) result.emplace_back(v);
      } else if (value->dtype == DType::kI32) {
        for (int32_t v : value->values<int32_t>()) result.emplace_back(v);
      } else {
        return {};
      }
      continue;
    }
    const Node* node = editor.producer(piece);
    if (!node) return {};
    const std::string_view name = node->op->name;
    if (name == "Concat") {
      pieces.insert(pieces.end(), node->inputs.rbegin(), node->inputs.rend());
    } else if (name == "Cast" || name == "Identity") {
      pieces.push_back(node->inputs[0]);
    } else if (name == "Slice" || name == "Unsqueeze" || name == "Gather" || name == "Squeeze") {
      // One extent of a Shape. (A Slice of several would be misread; then the length does not fit
      // and nothing matches.)
      result.emplace_back();
    } else {
      return {};
    }
  }
  return result;
}

std::optional<std::vector<int64_t>> axes_of(Editor& editor, const Node& node) {
  if (const Constant* given = editor.constant(node.input(1))) {
    if (given->dtype != DType::kI64) return {};
    const auto values = given->values<int64_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  if (node.input(1) != kNoTensor) return {};
  const auto values = node.attributes->integers("axes");
  return std::vector<int64_t>(values.begin(), values.end());
}

bool transposes(const Node* node, std::initializer_list<int64_t> permutation) {
  if (!node || node->op->name != "Transpose") return false;
  const auto given = node->attributes->integers("perm");
  return std::equal(given.begin(), given.end(), permutation.begin(), permutation.end());
}

}  // namespace heed::attention

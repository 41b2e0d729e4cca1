#include "attention/squeeze_excite.h"

#include <algorithm>
#include <functional>

#include "attention/mechanism.h"
#include "attention/patterns.h"
#include "attention/pooled_gate.h"
#include "base/sort.h"
#include "graph/operator.h"

namespace heed::attention {

namespace {

// x, when `tensor` is its mean over all spatial axes, kept as axes of extent 1.
TensorId pooled(Editor& editor, TensorId tensor) {
  if (const Node* pool = editor.producer(tensor, "GlobalAveragePool")) return pool->inputs[0];
  const Node* mean = editor.producer(tensor, "ReduceMean");
  if (!mean || mean->attributes->integer("keepdims", 1) != 1) return kNoTensor;
  std::optional<std::vector<int64_t>> axes = axes_of(editor, *mean);
  if (!axes) return kNoTensor;
  for (int64_t& axis : *axes) axis = axis < 0 ? axis + 4 : axis;
  insertion_sort(axes->begin(), axes->end(), std::less<int64_t>());
  const bool spatial = *axes == std::vector<int64_t>{2, 3};
  return spatial && editor.rank(mean->inputs[0]) == 4 ? mean->inputs[0] : kNoTensor;
}

// Between the pool and a Linear layer: (N,C,1,1) to (N,C).
TensorId before_flatten(Editor& editor, TensorId tensor, Extent channels) {
  const Node* node = editor.producer(tensor);
  if (!node) return tensor;
  if (node->op->name == "Flatten" && node->attributes->integer("axis", 1) == 1)
    return node->inputs[0];
  if (node->op->name == "Squeeze") {
    const auto axes = axes_of(editor, *node);
    const bool spatial =
        axes && (*axes == std::vector<int64_t>{2, 3} || *axes == std::vector<int64_t>{-2, -1} ||
                 *axes == std::vector<int64_t>{-1, -2} || *axes == std::vector<int64_t>{3, 2});
    return spatial ? node->inputs[0] : tensor;
  }
  if (node->op->name != "Reshape") return tensor;
  const auto target = known_integers(editor, node->inputs[1]);
  const bool vector = target && target->size() == 2 &&
                      (!(*target)[1] || *(*target)[1] == channels || *(*target)[1] == -1);
  return vector ? node->inputs[0] : tensor;
}

// Between a Linear layer and the product: (N,C) to (N,C,1,1).
TensorId before_unflatten(Editor& editor, TensorId tensor) {
  for (int unsqueezed = 0; unsqueezed < 2; ++unsqueezed) {
    const Node* node = editor.producer(tensor);
    if (!node) return tensor;
    if (node->op->name == "Unsqueeze") {
      tensor = node->inputs[0];
      continue;
    }
    if (node->op->name != "Reshape") return tensor;
    const auto target = known_integers(editor, node->inputs[1]);
    const bool map = target && target->size() == 4 && (*target)[2] == 1 && (*target)[3] == 1;
    return map ? node->inputs[0] : tensor;
  }
  return tensor;
}

struct Gate {
  TensorId x = kNoTensor;
  FullConnection reduce, expand;
  kernels::Activation hidden, gate;
};

std::optional<Gate> gate_of(Editor& editor, TensorId tensor) {
  const auto gate = activation_at(editor, before_unflatten(editor, tensor));
  if (!gate) return {};
  const auto expand = full_connection(editor, gate->input);
  if (!expand) return {};
  const auto hidden = activation_at(editor, expand->input);
  if (!hidden) return {};
  const auto reduce = full_connection(editor, hidden->input);
  if (!reduce || reduce->out != expand->in || reduce->in != expand->out) return {};
  const TensorId x = pooled(editor, before_flatten(editor, reduce->input, reduce->in));
  if (x == kNoTensor) return {};
  return Gate{x, *reduce, *expand, hidden->activation, gate->activation};
}

// y = x + x * s: the product has one reader, a sum with x.
Node* residual_sum(Editor& editor, Node& product, TensorId x) {
  Node* sum = editor.only_reader(product.outputs[0]);
  if (!sum || sum->op->name != "Add" || !sum->op->domain.empty() || sum->inputs.size() != 2)
    return nullptr;
  const bool with_x = (sum->inputs[0] == x) != (sum->inputs[1] == x);
  return with_x ? sum : nullptr;
}

}  // namespace

std::optional<Block> match_squeeze_excite(Editor& editor, Node& last) {
  if (last.op->name != "Mul" || !last.op->domain.empty() || last.inputs.size() != 2) return {};
  for (size_t side = 0; side < 2; ++side) {
    const std::optional<Gate> found = gate_of(editor, last.inputs[side]);
    if (!found || found->x != last.inputs[1 - side]) continue;
    Node* sum = residual_sum(editor, last, found->x);
    PooledGate gate;
    gate.x = found->x;
    gate.weights[0] = weight_by_rows(editor, found->reduce);
    gate.weights[1] = found->reduce.bias;
    gate.weights[2] = weight_by_rows(editor, found->expand);
    gate.weights[3] = found->expand.bias;
    gate.hidden = found->hidden;
    gate.gate = found->gate;
    gate.residual = sum != nullptr;
    auto attributes = std::make_shared<Attributes>();
    gate.describe(*attributes);
    Node& step = sum ? *sum : last;
    editor.replace(step, "heed", "PooledGate", gate.inputs(), std::move(attributes));
    Block block;
    block.kind = "channel";
    block.node = step.name;
    block.input = gate.x;
    block.output = step.outputs[0];
    block.map = add_map(editor, step);
    block.shape = {{-1, "batch"}, {found->expand.out, ""}, {1, ""}, {1, ""}};
    return block;
  }
  return {};
}

}  // namespace heed::attention

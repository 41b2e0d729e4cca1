#include "attention/multi_head_attention.h"

#include "attention/mechanism.h"
#include "attention/patterns.h"
#include "graph/operator.h"

namespace heed::attention {

namespace {

// Takes scalar factors off a tensor: the operand that is left, `scale` multiplied by what was
// found.
TensorId without_scale(Editor& editor, TensorId tensor, float& scale) {
  const Node* node = editor.producer(tensor);
  if (!node || !node->op->domain.empty() || node->inputs.size() != 2) return tensor;
  if (node->op->name == "Div") {
    const std::optional<float> divisor = editor.scalar(node->inputs[1]);
    if (!divisor) return tensor;
    scale /= *divisor;
    return node->inputs[0];
  }
  if (node->op->name != "Mul") return tensor;
  for (size_t side = 0; side < 2; ++side) {
    const std::optional<float> factor = editor.scalar(node->inputs[side]);
    if (!factor) continue;
    scale *= *factor;
    return node->inputs[1 - side];
  }
  return tensor;
}

// What is multiplied with v, and all that it was made of.
struct Core {
  TensorId query, key_transposed, value, mask;
  float scale = 1;
};

std::optional<Core> core_of(Editor& editor, const Node& product) {
  if (product.op->name != "MatMul" || !product.op->domain.empty() || product.inputs.size() != 2)
    return {};
  const Node* softmax = editor.producer(product.inputs[0], "Softmax");
  if (!softmax) return {};
  // The last of four axes; before operator set 13 that meant the same for it alone.
  const int64_t axis = softmax->attributes->integer("axis", softmax->version < 13 ? 1 : -1);
  if (axis != -1 && axis != 3) return {};
  Core core{kNoTensor, kNoTensor, product.inputs[1], kNoTensor};
  TensorId scores = softmax->inputs[0];
  if (const Node* masked = editor.producer(scores, "Add"); masked && masked->inputs.size() == 2) {
    for (size_t side = 0; side < 2 && core.mask == kNoTensor; ++side) {
      float scale = 1;
      const TensorId unscaled = without_scale(editor, masked->inputs[side], scale);
      if (!editor.producer(unscaled, "MatMul")) continue;
      scores = masked->inputs[side];
      core.mask = masked->inputs[1 - side];
    }
  }
  scores = without_scale(editor, scores, core.scale);
  const Node* dots = editor.producer(scores, "MatMul");
  if (!dots || dots->inputs.size() != 2) return {};
  core.query = without_scale(editor, dots->inputs[0], core.scale);
  core.key_transposed = without_scale(editor, dots->inputs[1], core.scale);
  return core;
}

// The target (batch, length, heads, width) or (batch, length, 3, heads, width) of a Reshape: its
// last extents, when known.
struct HeadSplit {
  TensorId tokens = kNoTensor;
  Extent heads = 0;
  Extent width = 0;
};
HeadSplit head_split(Editor& editor, const Node* reshape, size_t rank) {
  if (!reshape || reshape->op->name != "Reshape") return {};
  const auto target = known_integers(editor, reshape->inputs[1]);
  if (!target || target->size() != rank) return {};
  const auto heads = (*target)[rank - 2];
  const auto width = (*target)[rank - 1];
  if (!heads || *heads <= 0 || *heads > 65536) return {};
  if (rank == 5 && (*target)[2] != 3) return {};
  // The width may be left to Reshape (-1); it is known where heads * width is, which the kernel
  // checks.
  return {reshape->inputs[0], static_cast<Extent>(*heads),
          width ? static_cast<Extent>(*width) : -1};
}

// One of q, k, v taken out of a packed (3, batch, heads, length, width): the packed tensor and
// which of the three.
struct Part {
  TensorId packed = kNoTensor;
  int64_t index = -1;
};
Part part_of(Editor& editor, TensorId tensor) {
  const Node* node = editor.producer(tensor);
  if (!node) return {};
  if (node->op->name == "Gather" && node->attributes->integer("axis", 0) == 0) {
    const auto index = known_integers(editor, node->inputs[1]);
    const Constant* constant = editor.constant(node->inputs[1]);
    if (!index || index->size() != 1 || !constant || constant->shape.rank() != 0) return {};
    return {node->inputs[0], *(*index)[0] < 0 ? *(*index)[0] + 3 : *(*index)[0]};
  }
  if (node->op->name != "Squeeze") return {};
  const auto axes = axes_of(editor, *node);
  if (!axes || *axes != std::vector<int64_t>{0}) return {};
  const TensorId taken = node->inputs[0];
  const Node* source = editor.producer(taken);
  if (!source) return {};
  if (source->op->name == "Split" && source->attributes->integer("axis", 0) == 0 &&
      source->outputs.size() == 3) {
    for (size_t output = 0; output < 3; ++output) {
      if (source->outputs[output] == taken)
        return {source->inputs[0], static_cast<int64_t>(output)};
    }
  }
  if (source->op->name != "Slice") return {};
  // Attributes before operator set 10: axes, starts, ends; inputs 1 to 4 since: starts, ends, axes,
  // steps.
  const auto argument = [&](const char* name, size_t input) -> std::optional<int64_t> {
    const auto given = source->attributes->integers(name);
    if (given.size() == 1) return given[0];
    const auto known = source->input(input) == kNoTensor
                           ? std::nullopt
                           : known_integers(editor, source->input(input));
    return known && known->size() == 1 ? (*known)[0] : std::nullopt;
  };
  const std::optional<int64_t> start = argument("starts", 1);
  const std::optional<int64_t> end = argument("ends", 2);
  if (argument("axes", 3) != 0 || !start || !end || *end != *start + 1) return {};
  if (source->input(4) != kNoTensor && argument("steps", 4) != 1) return {};
  return {source->inputs[0], *start};
}

// k from k^T: the operand of the Transpose that swaps the last two axes.
TensorId key_of(Editor& editor, TensorId key_transposed) {
  const Node* node = editor.producer(key_transposed);
  return transposes(node, {0, 1, 3, 2}) ? node->inputs[0] : kNoTensor;
}

bool match_packed(Editor& editor, const Core& core, MultiHeadAttention& attention) {
  const Part query = part_of(editor, core.query);
  const Part key = part_of(editor, key_of(editor, core.key_transposed));
  const Part value = part_of(editor, core.value);
  if (query.packed == kNoTensor || query.packed != key.packed || query.packed != value.packed)
    return false;
  if (query.index != 0 || key.index != 1 || value.index != 2) return false;
  const Node* transpose = editor.producer(query.packed);
  if (!transposes(transpose, {2, 0, 3, 1, 4})) return false;
  const HeadSplit split = head_split(editor, editor.producer(transpose->inputs[0]), 5);
  if (split.tokens == kNoTensor) return false;
  attention.form = HeadForm::kPacked;
  attention.query = split.tokens;
  attention.heads = split.heads;
  return true;
}

// (batch, length, heads * width) behind a Reshape and the Transpose to (batch, heads, length,
// width).
HeadSplit tokens_of(Editor& editor, TensorId tensor) {
  const Node* transpose = editor.producer(tensor);
  if (!transposes(transpose, {0, 2, 1, 3})) return {};
  return head_split(editor, editor.producer(transpose->inputs[0]), 4);
}

bool match_tokens(Editor& editor, const Core& core, MultiHeadAttention& attention) {
  const HeadSplit query = tokens_of(editor, core.query);
  const HeadSplit value = tokens_of(editor, core.value);
  // k^T in one Transpose from (batch, length, heads, width), or in two.
  const Node* transpose = editor.producer(core.key_transposed);
  const HeadSplit key = transposes(transpose, {0, 2, 3, 1})
                            ? head_split(editor, editor.producer(transpose->inputs[0]), 4)
                            : tokens_of(editor, key_of(editor, core.key_transposed));
  if (query.tokens == kNoTensor || key.tokens == kNoTensor || value.tokens == kNoTensor)
    return false;
  if (query.heads != key.heads || query.heads != value.heads) return false;
  attention.form = HeadForm::kTokens;
  attention.query = query.tokens;
  attention.key = key.tokens;
  attention.value = value.tokens;
  attention.heads = query.heads;
  return true;
}

// The Reshape to (batch, length, heads * width) that follows the product through a Transpose.
Node* merge_of(Editor& editor, Node& product) {
  Node* transpose = editor.only_reader(product.outputs[0]);
  if (!transposes(transpose, {0, 2, 1, 3})) return nullptr;
  Node* reshape = editor.only_reader(transpose->outputs[0]);
  if (!reshape || reshape->op->name != "Reshape" || reshape->inputs[0] != transpose->outputs[0])
    return nullptr;
  const auto target = known_integers(editor, reshape->inputs[1]);
  return target && target->size() == 3 ? reshape : nullptr;
}

// What the tokens were projected from, when that is one tensor.
TensorId projected_from(Editor& editor, TensorId tokens) {
  const auto projection = full_connection(editor, tokens);
  if (projection) return projection->input;
  // A MatMul and its bias that were not folded.
  const Node* sum = editor.producer(tokens, "Add");
  for (size_t side = 0; sum && side < 2; ++side) {
    if (const auto inner = full_connection(editor, sum->inputs[side])) return inner->input;
  }
  return tokens;
}

}  // namespace

Block build_multi_head_attention(Editor& editor, Node& last, const MultiHeadAttention& attention) {
  static constexpr const char* kForms[] = {"heads", "tokens", "packed"};
  auto attributes = std::make_shared<Attributes>();
  attributes->set("form", std::string(kForms[static_cast<size_t>(attention.form)]));
  attributes->set("heads", int64_t{attention.heads});
  attributes->set("scale", attention.scale);
  attributes->set("causal", int64_t{0});
  attributes->set("empty_rows", std::string("nan"));
  Block block;
  block.node = last.name;
  block.output = last.outputs[0];
  block.input = projected_from(editor, attention.query);
  const TensorId keys_from =
      attention.key == kNoTensor ? block.input : projected_from(editor, attention.key);
  block.kind = keys_from == block.input || attention.form == HeadForm::kHeads ? "self" : "cross";
  editor.replace(last, "heed", "ScaledDotProduct",
                 {attention.query, attention.key, attention.value, attention.mask},
                 std::move(attributes));
  block.map = add_map(editor, last);
  block.shape = {{-1, "batch"},
                 {attention.heads > 0 ? attention.heads : -1, "heads"},
                 {-1, "queries"},
                 {-1, "keys"}};
  return block;
}

std::optional<Block> match_multi_head_attention(Editor& editor, Node& last) {
  const std::optional<Core> core = core_of(editor, last);
  if (!core) return {};
  MultiHeadAttention attention;
  attention.mask = core->mask;
  attention.scale = core->scale;
  if (Node* merge = merge_of(editor, last)) {
    if (match_packed(editor, *core, attention) || match_tokens(editor, *core, attention)) {
      return build_multi_head_attention(editor, *merge, attention);
    }
  }
  attention.query = core->query;
  attention.key = key_of(editor, core->key_transposed);
  attention.value = core->value;
  if (attention.key == kNoTensor || editor.rank(attention.key) != 4) return {};
  return build_multi_head_attention(editor, last, attention);
}

}  // namespace heed::attention

#include "attention/squeeze_excite.h"

#include <algorithm>
#include <functional>

#include "attention/builder.h"
#include "attention/mechanism.h"
#include "attention/patterns.h"
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

void set_activation(Attributes& attributes, const std::string& name,
                    const kernels::Activation& value) {
  attributes.set(name, static_cast<int64_t>(value.kind));
  attributes.set(name + "_alpha", value.alpha);
  attributes.set(name + "_beta", value.beta);
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

Result<Block> build_squeeze_excite(Editor& editor, Node& last, TensorId x,
                                   const SqueezeExcite& weights) {
  const Constant* reduce = editor.constant(weights.reduce_weight);
  const Constant* expand = editor.constant(weights.expand_weight);
  const bool matrices = reduce && expand && reduce->shape.rank() >= 2 &&
                        expand->shape.rank() >= 2 &&
                        reduce->shape.count(2, reduce->shape.rank()) == 1 &&
                        expand->shape.count(2, expand->shape.rank()) == 1;
  if (!matrices || reduce->shape[0] != expand->shape[1] || reduce->shape[1] != expand->shape[0]) {
    return error(Code::kInvalidWeights,
                 "squeeze-excite needs a reducing weight (hidden, channels) and an expanding one "
                 "(channels, hidden)");
  }
  const Extent channels = expand->shape[0];
  auto attributes = std::make_shared<Attributes>();
  set_activation(*attributes, "hidden", weights.hidden);
  set_activation(*attributes, "gate", weights.gate);
  attributes->set("residual", int64_t{weights.residual});
  editor.replace(
      last, "heed", "PooledGate",
      {x, weights.reduce_weight, weights.reduce_bias, weights.expand_weight, weights.expand_bias},
      std::move(attributes));
  Block block;
  block.kind = "channel";
  block.node = last.name;
  block.input = x;
  block.output = last.outputs[0];
  block.map = add_map(editor, last);
  block.shape = {{-1, "batch"}, {channels, ""}, {1, ""}, {1, ""}};
  return block;
}

std::optional<Block> match_squeeze_excite(Editor& editor, Node& last) {
  if (last.op->name != "Mul" || !last.op->domain.empty() || last.inputs.size() != 2) return {};
  for (size_t side = 0; side < 2; ++side) {
    const std::optional<Gate> gate = gate_of(editor, last.inputs[side]);
    if (!gate || gate->x != last.inputs[1 - side]) continue;
    Node* sum = residual_sum(editor, last, gate->x);
    SqueezeExcite weights;
    weights.reduce_weight = weight_by_rows(editor, gate->reduce);
    weights.reduce_bias = gate->reduce.bias;
    weights.expand_weight = weight_by_rows(editor, gate->expand);
    weights.expand_bias = gate->expand.bias;
    weights.hidden = gate->hidden;
    weights.gate = gate->gate;
    weights.residual = sum != nullptr;
    Result<Block> block = build_squeeze_excite(editor, sum ? *sum : last, gate->x, weights);
    if (!block.ok()) return {};
    return std::move(block.value());
  }
  return {};
}

void build_squeeze_excite(Builder& b) {
  const std::string prefix(b.text("prefix"));
  const std::string reduce_names = join("fc1|conv_reduce|fc.0|fc.1|0|1|", prefix, "_1x1_down");
  const std::string_view reduce = b.find(reduce_names);
  const std::string expand_names =
      join("fc2|conv_expand|fc.2|fc.3|", reduce == "0" ? "2" : "3", "|", prefix, "_1x1_up");
  const std::string_view expand = b.find(expand_names);
  const Extent channels = b.channels(join(reduce, ".weight"), 1);
  // timm's width, SEModule: at least 8, and a multiple of it.
  const Extent ratio = b.integer("reduction", 16, 1);
  const Extent formula = std::max<Extent>(8, (channels / ratio + 4) / 8 * 8);
  const Extent hidden = b.extent(join(reduce, ".weight"), 0, b.integer("hidden", formula, 1));
  const bool channels_last = b.choice("layout", "NCHW|NHWC") == 1;
  const Value given = channels_last ? b.argument("x", "batch height width #", {channels})
                                    : b.argument("x", "batch # *", {channels});
  const Value x = channels_last ? b.transpose(given, "0312") : given;
  Value z = b.node("GlobalAveragePool", {x});
  if (b.flag("addMaxPool")) {
    z = b.mul(b.add(z, b.node("GlobalMaxPool", {x})), b.scalar(0.5f));
  }
  z = b.conv(z, reduce, {.out = hidden, .in = channels});
  z = b.optional_batch_norm(z, "bn", hidden, false);
  z = b.activate(z, b.activation("activation", "relu"));
  z = b.conv(z, expand, {.out = channels, .in = hidden});
  const Value s = b.activate(z, b.activation("gate", "sigmoid"));
  const Value y = b.mul(x, s);
  b.map("channel", channels_last ? b.transpose(s, "0231") : s,
        channels_last ? "batch 1 1 channels" : "batch channels 1 1");
  b.result(channels_last ? b.transpose(y, "0231") : y);
}

}  // namespace heed::attention

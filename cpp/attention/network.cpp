#include <algorithm>
#include <utility>

#include "attention/construction.h"
#include "attention/recipe.h"

namespace heed::attention {

namespace {

// "SqueezeExcite" to "squeeze-excite", "ECA" to "eca", "SimAM" to "simam".
std::string mechanism_name(std::string_view kind) {
  std::string name;
  const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
  for (size_t i = 0; i < kind.size(); ++i) {
    const bool starts =
        i > 0 && i + 1 < kind.size() && !small(kind[i]) && small(kind[i - 1]) && small(kind[i + 1]);
    if (starts) name.push_back('-');
    name.push_back(small(kind[i]) ? kind[i] : static_cast<char>(kind[i] | 32));
  }
  return name;
}

std::string_view without_comma(const std::string& list) {
  return std::string_view(list).substr(std::min<size_t>(2, list.size()));
}

void check_options(Construction& c, const Layer& layer, std::string_view where) {
  for (const Options::Entry& entry : layer.options.entries()) {
    if (entry.used) continue;
    c.fail(Code::kUnknownOption, where, join("there is no option '", entry.name, "'"));
  }
  for (const Layer& part : layer.parts) check_options(c, part, join(part.kind, ": "));
}

Status weights_error(const Construction& c) {
  std::string left_over;
  for (size_t i = 0; c.weights && i < c.weights->size(); ++i) {
    if (!c.used[i]) left_over.append(", ").append((*c.weights)[i].name);
  }
  if (c.missing.empty() && c.wrong.empty() && left_over.empty()) return {};
  std::string text;
  const auto list = [&](const char* what, const std::string& names) {
    if (names.empty()) return;
    if (!text.empty()) text.append("; ");
    text.append(what).append(without_comma(names));
  };
  list("missing: ", c.missing);
  list("of a wrong shape: ", c.wrong);
  list("not of the layer: ", left_over);
  return error(Code::kInvalidWeights, "weights ", text);
}

// Blocks need ids that nobody else has, and the mechanism's name.
void finish_blocks(Graph& graph) {
  std::vector<int> same(graph.blocks.size());
  for (size_t i = 0; i < graph.blocks.size(); ++i) {
    Block& block = graph.blocks[i];
    block.mechanism = mechanism_name(block.mechanism);
    if (block.id.empty()) block.id = block.mechanism;
    for (size_t j = 0; j < i; ++j) same[i] += graph.blocks[j].id == block.id;
    if (same[i] > 0) block.id.append(join(".", same[i]));
    for (const Node& node : graph.nodes) {
      for (TensorId output : node.outputs) {
        if (output == block.map) block.node = node.name;
      }
    }
    if (block.output == kNoTensor) block.output = block.map;
  }
}

Result<Graph> finish_construction(Construction& c) {
  // What missing weights led to is told only where there are none; and what is left over only where
  // all layers were built.
  if (c.missing.empty() && c.wrong.empty()) HEED_TRY(c.status);
  HEED_TRY(weights_error(c));
  finish_blocks(c.graph);
  return std::move(c.graph);
}

std::unique_ptr<Construction> start(const NamedWeights* weights) {
  auto construction = std::make_unique<Construction>();
  construction->weights = weights;
  construction->used.resize(weights ? weights->size() : 0);
  construction->weight_tensors.resize(construction->used.size(), kNoTensor);
  construction->attributes = std::make_shared<Attributes>();
  return construction;
}

}  // namespace

NamedWeights weights_under(const NamedWeights& weights, std::string_view prefix) {
  NamedWeights under;
  for (const NamedWeight& weight : weights) {
    const std::string_view name = weight.name;
    if (name.size() > prefix.size() && name.substr(0, prefix.size()) == prefix &&
        name[prefix.size()] == '.') {
      under.push_back({std::string(name.substr(prefix.size() + 1)), weight.value});
    }
  }
  return under;
}

std::vector<std::string_view> layer_kinds() {
  return {
#define HEED_LAYER(name, function) #name,
#include "attention/layers.def"
#undef HEED_LAYER
  };
}

void Builder::build(const Layer& layer, Construction& c, std::vector<Argument> arguments,
                    std::string_view prefix, std::vector<Result>& results) {
  Builder b(c, layer);
  b.path_ = join(prefix, layer.at);
  if (layer.at.empty() && !b.path_.empty()) b.path_.pop_back();
  b.prefix_ = b.path_;
  if (!b.prefix_.empty()) b.prefix_.push_back('.');
  b.arguments_ = std::move(arguments);
  const size_t first_block = c.graph.blocks.size();
  const Extent outer_seed = std::exchange(c.seed, b.integer("seed", c.seed, 0));
  if (!build_by_recipe(b, layer.kind)) {
    return c.fail(Code::kUnknownName, "", join("there is no layer '", layer.kind, "'"));
  }
  for (const Argument& argument : b.arguments_) {
    if (!argument.used) {
      b.fail(Code::kUnknownName,
             join("there is no input '", argument.name, "'; there are ", without_comma(c.inputs)));
    }
  }
  for (size_t i = first_block; i < c.graph.blocks.size(); ++i) {
    Block& block = c.graph.blocks[i];
    if (block.output == kNoTensor && !b.results_.empty()) block.output = b.results_[0].value;
  }
  c.seed = outer_seed;
  results = std::move(b.results_);
}

Value Builder::part(const Layer& layer, Value x) {
  std::vector<Result> results;
  const bool open = std::exchange(c_.open, false);
  build(layer, c_, {{"", x}}, prefix_, results);
  c_.open = open;
  return results.empty() ? scalar(0) : results[0].value;
}

void Builder::output(Construction& c, Value value, std::string name) {
  for (const std::vector<TensorId>* named : {&c.graph.inputs, &c.graph.outputs}) {
    if (std::find(named->begin(), named->end(), value) == named->end()) continue;
    const Layer none;
    value = Builder(c, none).node("Identity", {value});
    break;
  }
  c.graph.tensor(value).name = std::move(name);
  c.graph.outputs.push_back(value);
}

heed::Result<Graph> build_layer(const Layer& layer, const NamedWeights* weights,
                                std::span<const GivenInput> given) {
  const std::unique_ptr<Construction> c = start(weights);
  c->open = true;
  c->given = given;
  c->given_used.resize(given.size());
  std::vector<Builder::Result> results;
  Builder::build(layer, *c, {}, "", results);
  for (size_t i = 0; i < given.size(); ++i) {
    if (c->given_used[i]) continue;
    c->fail(Code::kUnknownName, join(layer.kind, ": "),
            join("there is no input '", given[i].name, "'; there are ", without_comma(c->inputs)));
  }
  check_options(*c, layer, join(layer.kind, ": "));
  for (Builder::Result& result : results) {
    Builder::output(*c, result.value, std::move(result.name));
  }
  return finish_construction(*c);
}

Network::Network(const NamedWeights* weights) : construction_(start(weights)) {}
Network::~Network() = default;

TensorId Network::input(std::string name, DType dtype, std::vector<Dimension> dims) {
  Graph& graph = construction_->graph;
  const TensorId id = graph.add_tensor(std::move(name), dtype);
  graph.tensor(id).ranked = true;
  graph.tensor(id).dims = std::move(dims);
  graph.inputs.push_back(id);
  return id;
}

std::vector<TensorId> Network::apply(const Layer& layer, std::span<const Argument> arguments) {
  std::vector<Argument> given;
  for (const Argument& argument : arguments) given.push_back(argument);
  std::vector<Builder::Result> results;
  construction_->inputs.clear();
  Builder::build(layer, *construction_, std::move(given), "", results);
  check_options(*construction_, layer, join(layer.kind, ": "));
  std::vector<TensorId> values;
  for (const Builder::Result& result : results) values.push_back(result.value);
  return values;
}

TensorId Network::nothing() {
  const float zero = 0;
  return construction_->graph.add_constant("", make_constant(std::span(&zero, 1), Shape{}));
}

void Network::output(std::string name, TensorId value) {
  Builder::output(*construction_, value, std::move(name));
}

heed::Result<Graph> Network::finish() { return finish_construction(*construction_); }

}  // namespace heed::attention

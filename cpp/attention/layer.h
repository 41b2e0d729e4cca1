// Layers by name: single ones as sessions, and networks made of them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attention/options.h"
#include "graph/graph.h"
#include "graph/named_weights.h"

namespace heed::attention {

// A layer as its user describes it.
struct Layer {
  std::string kind;  // a name of layers.def: "ECA", "Conv2d"
  std::string at;    // where its weights are: what their names have in front, without the dot
  Options options;   // of that kind
  std::vector<Layer> parts;  // of kinds that are made of others: Sequential, HybridAttention
};

// Those of the weights whose names begin with `prefix` and a dot, called by what follows; nothing
// is copied.
NamedWeights weights_under(const NamedWeights& weights, std::string_view prefix);

// An input that is going to be given to a layer: optional ones (masks, lengths) are part of the
// graph only then.
struct GivenInput {
  std::string name;
  DType dtype = DType::kF32;
};

// The graph of one layer: its inputs are the layer's arguments, its outputs the layer's results,
// its blocks the attention maps. `weights` null: a new layer, with weights by formula. To be
// optimized, and run by a Session. Errors: kUnknownName (no such kind or input), kUnknownOption,
// kWrongValue (an option), kInvalidWeights (all that are missing, left over or wrongly shaped),
// kInvalidArgument.
Result<Graph> build_layer(const Layer& layer, const NamedWeights* weights,
                          std::span<const GivenInput> given = {});

// A value for an argument, by its name or (an empty name) by its place; or a result.
struct NamedValue {
  std::string name;
  TensorId value = kNoTensor;
  bool used = false;  // by the layer that it is given to
};

struct Construction;

// A network: a graph that grows layer by layer.
//
//   Network network(&weights);
//   const TensorId x = network.input("x", DType::kF32, {{-1, "batch"}, {3, ""}, {-1, "length"}});
//   const TensorId y = network.apply({"Conv1d", "conv1"}, {{"", x}})[0];
//   network.output("y", y);
//   Result<Graph> graph = network.finish();
class Network {
 public:
  // Null: new weights. They must outlive finish().
  explicit Network(const NamedWeights* weights);
  ~Network();

  TensorId input(std::string name, DType dtype, std::vector<Dimension> dims);

  using Argument = NamedValue;
  // Adds a layer; its results. After an error, which finish() gives, there may be fewer.
  std::vector<TensorId> apply(const Layer& layer, std::span<const Argument> arguments);
  void output(std::string name, TensorId value);
  // A value for what an error has left without one.
  TensorId nothing();
  // Errors as of build_layer.
  Result<Graph> finish();

 private:
  friend Result<Graph> build_layer(const Layer&, const NamedWeights*, std::span<const GivenInput>);
  std::unique_ptr<Construction> construction_;
};

// The kinds of layers, in the order of layers.def.
std::vector<std::string_view> layer_kinds();

}  // namespace heed::attention

// What recipes (recipe.h) work with: a layer's options, the weights below its place in a state
// dict, and the nodes that it adds to a graph.
//
//   layer ECA {
//     x = arg("x", "batch channels *")
//     ...
//     map("channel", s, "batch channels *")
//     result(x * s)
//   }
//
// Failures are sticky: the first one is kept, and everything goes on with values that do no harm,
// so that recipes have no error paths. Weights that are missing or have a wrong shape are
// collected, and reported together.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attention/layer.h"
#include "base/function_ref.h"
#include "graph/graph.h"
#include "graph/named_weights.h"

namespace heed::attention {

using Value = TensorId;

// What a new layer's weight begins with; PyTorch's defaults.
enum class Fill : uint8_t {
  kUniform,  // in +-1 / sqrt(fan in), by the counter hash of the option `seed` and the weight's
             // name
  kZeros,
  kOnes,
};

// State that all scopes of one graph share.
struct Construction;

class Builder {
 public:
  // --- What the layer is applied to ---
  // The argument of that name, else the next one that was given without a name. `shape` says what
  // it must look like: axis names, extents (0: any), and "*" at the end for any further axes.
  Value argument(const std::string& name, const std::string& shape, DType dtype);
  // kNoTensor when it is not given.
  Value optional_argument(const std::string& name, const std::string& shape);
  // Whether an optional argument is given, before it is read.
  bool given(const std::string& name) const;
  // Whether an argument without a name is left.
  bool has_more_arguments() const;

  // --- Options ---
  bool has_option(const std::string& name) const;
  double number(const std::string& name, double fallback);
  Extent integer(const std::string& name, Extent fallback, Extent least);
  const std::vector<double>& numbers(const std::string& name);  // empty when it is not given
  // Which of "sum|product" the option names; the first when it is not given.
  int choice(const std::string& name, const std::string& choices);
  // A whole number for each of `axes` axes: one for all of them, or a list.
  std::vector<double> per_axis(const std::string& name, int axes, Extent fallback, Extent least);
  bool is_text(const std::string& name) const;  // it is given, as text
  // The set of those that the option lists (bit 0: the first); `fallback` when it is not given.
  uint32_t choices(const std::string& name, const std::string& choices, uint32_t fallback);
  const std::string& text(const std::string& name);
  // The option names an activation: "relu|silu|..." (see kActivations in builder.cpp).
  kernels::Activation activation(const std::string& name, const std::string& fallback);

  // --- Weights below the layer's place ---
  bool fresh() const;  // there are no weights: a new layer is made, by formulas and options
  bool has(std::string_view name) const;
  // Whether any weight's name begins so.
  bool has_below(const std::string& prefix) const;
  // The first of "fc1|fc.0|..." below which there is a weight; the first when there is none.
  std::string find(const std::string& names) const;
  // An extent of a weight's shape; `fallback` when it is not there. At least 1.
  Extent extent(const std::string& name, int axis, Extent fallback) const;
  int rank(const std::string& name) const;  // 0 when it is not there
  // What the weights say, `found` (0: nothing); else the option, else its fallback (0: a new layer
  // cannot be made without it). An error where weights and option differ.
  Extent told(const std::string& option, Extent fallback, Extent found);
  // The weight, which must have that shape; axes of extent 1 at its end do not count (a Linear's
  // weight may be a 1x1 convolution's, and the other way round).
  Value weight(const std::string& name, const Shape& shape, Fill fill);
  // The weight's value as it is; null, and an error, when there is none.
  ConstantPtr raw_weight(const std::string& name);

  // --- Nodes ---
  // Attributes of the next node.
  Attributes& attributes();
  // An operator of ONNX, or a fused step. Its first output.
  Value node(std::string_view op, std::vector<Value> inputs);
  // A further output of the node that was added last.
  Value next_output();
  Value scalar(float value);
  Value constant(ConstantPtr value);
  Value activate(Value x, const kernels::Activation& activation);

  // --- Results ---
  // Records an attention block whose map is `value`: kind "channel", "spatial", "branch", "self",
  // "cross", "temporal" or "region". `shape` is text as of argument(); "*" says that it has as many
  // further axes as the argument.
  void map(const std::string& kind, Value value, const std::string& shape, const std::string& name);
  void result(Value value, const std::string& name);

  // What `build` builds of these arguments with the weights below `name`, which ends with a dot;
  // its first result. Its map "attention" is called `map` here.
  Value nested(FunctionRef<void(Builder&)> build, const std::string& name,
               const std::vector<Value>& arguments, const std::string& map);
  // A part of this layer (of Sequential and its like) on x: its first result.
  Value part(const Layer& layer, Value x);
  const Layer& layer() const { return *layer_; }

  void fail(Code code, const std::string& text);
  bool ok() const;

 private:
  friend class Network;
  friend heed::Result<Graph> build_layer(const Layer&, const NamedWeights*,
                                         std::span<const struct GivenInput>);
  using Argument = NamedValue;
  using Result = NamedValue;

  Builder(Construction& construction, const Layer& layer) : c_(construction), layer_(&layer) {}
  // Builds a layer whose weights are below `prefix` and its place.
  static void build(const Layer& layer, Construction& construction, std::vector<Argument> arguments,
                    std::string_view prefix, std::vector<Result>& results);
  // Makes a tensor an output of the graph. One that is an input or an output already has its name.
  static void output(Construction& construction, Value value, std::string name);
  void fail_option(const std::string& name, const std::string& rest);
  std::string where() const;
  Argument* find_argument(std::string_view name, bool by_place);
  Value take_argument(const std::string& name, const std::string& shape, DType dtype,
                      bool any_type);
  void expect(Value value, const std::string& name, const std::string& shape);
  std::string full_name(std::string_view name) const;
  const NamedWeight* lookup(std::string_view name) const;

  Construction& c_;
  const Layer* layer_;
  std::string path_;      // the layer's place in the whole network
  std::string prefix_;    // in front of weights' names: the path, or below it, with its dot
  std::string map_name_;  // what the map "attention" is called
  std::vector<Argument> arguments_;
  std::vector<Result> results_;
};

}  // namespace heed::attention

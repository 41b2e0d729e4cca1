// What a layer's build function works with: the options, the weights below the layer's place in a
// state dict, and the nodes that it adds to a graph.
//
//   void build_eca(Builder& b) {
//     const Value x = b.argument("x", "batch # *", {channels});
//     ...
//     b.map("channel", s, "batch channels 1 1");
//     b.result(b.mul(x, s));
//   }
//
// Failures are sticky: the first one is kept, and everything goes on with values that do no harm,
// so that build functions have no error paths. Weights that are missing or have a wrong shape are
// collected, and reported together.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attention/options.h"
#include "base/function_ref.h"
#include "graph/graph.h"
#include "graph/named_weights.h"

namespace heed::attention {

using Value = TensorId;

struct Layer;
class Builder;
using Build = void (*)(Builder&);

// What a new layer's weight begins with; PyTorch's defaults.
enum class Fill : uint8_t {
  kUniform,  // in +-1 / sqrt(fan in), by the counter hash of the option `seed` and the weight's
             // name
  kZeros,
  kOnes,
};

enum class Bias : uint8_t {
  kAsGiven,  // where the weights have one; a new layer has one, unless its option `bias` is false
  kNone,     // where the weights have one; a new layer has none
};

// A convolution. An extent of 0 is taken from the weight; `kernel` is for new layers.
struct Convolution {
  Extent out = 0;
  Extent in = 0;
  Extent kernel[2] = {1, 1};
  Extent groups = 1;
  Extent stride = 1;
  Extent dilation = 1;
  Extent padding = -1;  // -1: as much as keeps the size, (dilation * (kernel - 1)) / 2
  int axes = 2;         // spatial ones, where the weight does not say so (a matrix, a new layer)
  Bias bias = Bias::kAsGiven;
};

// Heads, scale and masking of scaled dot-product attention.
struct Heads {
  const char* form = "tokens";  // as of the operator ScaledDotProduct
  Extent heads = 1;
  Extent kv_heads = 0;         // 0: heads
  float scale = 0;             // 0: 1 / sqrt(width)
  int causal = 0;              // 1: query i sees keys 0 .. i; 2: the last query sees the last key
  bool empty_nan = false;      // a query that sees nothing gives NaN instead of zeros
  Value key_mask = kNoTensor;  // a second mask
  bool mask_blocks = false;    // bool masks hide keys where they are true
  Extent free_keys = 0;        // so many of the last keys are not covered by the masks
};

// State that all scopes of one graph share.
struct Construction;

class Builder {
 public:
  // --- What the layer is applied to ---
  // The argument of that name, else the next one that was given without a name. `shape` says what
  // it must look like: axis names, extents (0: any), "#" for the next of `extents`, and "*" at the
  // end for any further axes.
  Value argument(const char* name, const char* shape, std::initializer_list<Extent> extents = {},
                 DType dtype = DType::kF32);
  // kNoTensor when it is not given.
  Value optional_argument(const char* name, const char* shape,
                          std::initializer_list<Extent> extents = {});
  // Whether an optional argument is given, before it is read.
  bool given(const char* name) const;
  // Whether an argument without a name is left.
  bool has_more_arguments() const;
  DType dtype_of(Value value) const;

  // --- Options ---
  bool has_option(const char* name) const;
  double number(const char* name, double fallback);
  Extent integer(const char* name, Extent fallback, Extent least = 0);
  bool flag(const char* name, bool fallback = false) { return integer(name, fallback) != 0; }
  const std::vector<double>& numbers(const char* name);  // empty when it is not given
  // Which of "sum|product" the option names; the first when it is not given.
  int choice(const char* name, const char* choices);
  // A whole number for each of `axes` axes: one for all of them, or a list.
  std::vector<int64_t> per_axis(const char* name, int axes, int64_t fallback, int64_t least);
  bool is_text(const char* name) const;  // it is given, as text
  // The set of those that the option lists (bit 0: the first); `fallback` when it is not given.
  uint32_t choices(const char* name, const char* choices, uint32_t fallback);
  std::string_view text(const char* name);
  // The option names an activation: "relu|silu|..." (see kActivations in builder.cpp).
  kernels::Activation activation(const char* name, const char* fallback);

  // --- Weights below the layer's place ---
  bool fresh() const;  // there are no weights: a new layer is made, by formulas and options
  bool has(std::string_view name) const;
  // Whether any weight's name begins so.
  bool has_below(std::string_view prefix) const;
  // The first of "fc1|fc.0|..." below which there is a weight; the first when there is none.
  std::string_view find(std::string_view names) const;
  // An extent of a weight's shape; `fallback` when it is not there. At least 1.
  Extent extent(std::string_view name, int axis, Extent fallback = 1) const;
  int rank(std::string_view name) const;  // 0 when it is not there
  // What the weights say, `found` (0: nothing); else the option, else its fallback (0: a new layer
  // cannot be made without it). An error where weights and option differ.
  Extent told(const char* option, Extent fallback, Extent found);
  // The same of an extent of a weight.
  Extent extent_or_option(std::string_view name, int axis, const char* option);
  // Whether the layer has an optional part, which this weight belongs to: of a new layer the option
  // says it. (What contradicts the weights is found with them: missing, or left over.)
  bool has_or_option(std::string_view name, const char* option) { return flag(option, has(name)); }
  // Tells the extent of the weight `name` where it is, else of the option: "channels".
  Extent channels(std::string_view name, int axis) {
    return extent_or_option(name, axis, "channels");
  }
  // The weight, which must have that shape; axes of extent 1 at its end do not count (a Linear's
  // weight may be a 1x1 convolution's, and the other way round).
  Value weight(std::string_view name, const Shape& shape, Fill fill = Fill::kUniform);
  // kNoTensor when there is none; a new layer has one unless `new_has` is false.
  Value optional_weight(std::string_view name, const Shape& shape, bool new_has = true,
                        Fill fill = Fill::kZeros);
  // The weight's value as it is; null, and an error, when there is none.
  ConstantPtr raw_weight(std::string_view name);
  // A weight that belongs to the layer and is not needed, such as a buffer.
  void ignore(std::string_view name);
  std::string full_name(std::string_view name) const;

  // --- Layers with weights. `name` is the place below this layer's, without a dot at its end ---
  Value conv(Value x, std::string_view name, const Convolution& convolution);
  // Weight and bias of a full connection: W (out, in) to values[0], b (out) or kNoTensor to
  // values[1].
  void connection(std::string_view name, Extent out, Extent in, Bias bias, Value* values);
  // y = x W^T + b over the last axis; W (out, in).
  Value linear(Value x, std::string_view name, Extent out, Extent in, Bias bias = Bias::kAsGiven);
  // Over axis 1; epsilon as PyTorch's. Batch statistics with `of_batch`.
  Value batch_norm(Value x, std::string_view name, Extent channels, float epsilon = 1e-5f);
  // The same where the weights have one.
  Value optional_batch_norm(Value x, std::string_view name, Extent channels, bool new_has);
  // Over the last axis.
  Value layer_norm(Value x, std::string_view name, Extent width, float epsilon = 1e-5f);

  // --- Nodes ---
  // Attributes of the next node.
  Builder& set(const char* name, int64_t value);
  Builder& set_real(const char* name, float value);
  Builder& set_text(const char* name, std::string_view value);
  Builder& set_list(const char* name, std::initializer_list<int64_t> values);
  Builder& set_list(const char* name, std::vector<int64_t> values);
  Attributes& attributes();
  // An operator of ONNX, or a fused step. Its first output.
  Value node(std::string_view op, std::initializer_list<Value> inputs);
  Value node(std::string_view op, std::vector<Value> inputs);
  // A further output of the node that was added last.
  Value next_output();

  Value scalar(float value);
  Value integers(std::initializer_list<int64_t> values);
  Value integers(const std::vector<int64_t>& values);
  Value constant(ConstantPtr value);

  Value add(Value a, Value b) { return node("Add", {a, b}); }
  Value sub(Value a, Value b) { return node("Sub", {a, b}); }
  Value mul(Value a, Value b) { return node("Mul", {a, b}); }
  Value div(Value a, Value b) { return node("Div", {a, b}); }
  Value matmul(Value a, Value b) { return node("MatMul", {a, b}); }
  // a b^T, of the last two axes.
  Value matmul_rows(Value a, Value b) { return set("transB", 1).node("MatMul", {a, b}); }
  Value relu(Value x) { return node("Relu", {x}); }
  Value sigmoid(Value x) { return node("Sigmoid", {x}); }
  Value tanh(Value x) { return node("Tanh", {x}); }
  Value gelu(Value x) { return node("Gelu", {x}); }
  Value activate(Value x, const kernels::Activation& activation);
  Value softmax(Value x, int axis) { return set("axis", axis).node("Softmax", {x}); }
  Value reshape(Value x, std::initializer_list<int64_t> shape);  // 0: as it is, -1: the rest
  Value transpose(Value x, const char* digits);                  // "0231"
  Value concat(std::initializer_list<Value> values, int axis);
  Value slice(Value x, int axis, int64_t begin, int64_t end);
  // A reduction over axes, which stay as 1.
  Value reduce(const char* op, Value x, std::initializer_list<int64_t> axes, bool keep = true);
  Value mean(Value x, std::initializer_list<int64_t> axes) { return reduce("ReduceMean", x, axes); }
  Value einsum(const char* equation, Value a, Value b);
  // "nearest" or "linear", to `size`, an integer tensor (2) of height and width.
  Value resize(Value x, Value size, const char* mode, bool align_corners);
  Value size_of(Value x);  // (2): the extents of axes 2 and 3
  // A feature map (B,C,H,W) as tokens (B,H*W,C): no copy where it lies channels last, as a
  // convolution's result does. Its channels must be known when shapes are.
  Value tokens(Value x);
  // What is one number for each position, (B,...), as a map (B,1,H,W) of the size of `like`.
  Value map_like(Value x, Value like);
  // Bilinear, with the corners kept, to `factor` times the size.
  Value upsample(Value x, int64_t factor) {
    return resize(x, mul(size_of(x), integers({factor, factor})), "linear", true);
  }
  Value extent_of(Value x, int axis);  // (1), as float32

  // Scaled dot-product attention, its map recorded under `name` unless that is null.
  Value attend(Value q, Value k, Value v, Value mask, const Heads& heads, const char* name,
               const char* kind = "self");

  // --- Results ---
  // Records an attention block whose map is `value`: kind "channel", "spatial", "branch", "self",
  // "cross", "temporal" or "region". `shape` is text as of argument(); "*" says that it has as many
  // further axes as the argument.
  void map(const char* kind, Value value, const char* shape, const char* name = "attention");
  void result(Value value, const char* name = "output");

  // What `build` builds of these arguments with the weights below `name`, which ends with a dot; its
  // first result. Its map "attention" is called `map` here.
  Value nested(FunctionRef<void(Builder&)> build, std::string_view name,
               const std::vector<Value>& arguments, const char* map = "attention");
  // A part of this layer (of Sequential and its like): all results.
  std::vector<Value> part(const Layer& layer, std::vector<Value> arguments);
  const Layer& layer() const { return *layer_; }

  template <class... Parts>
  void fail(Code code, const Parts&... parts) {
    fail_with(code, {TextPart(parts)...});
  }
  bool ok() const;

 private:
  friend class Network;
  friend heed::Result<Graph> build_layer(const Layer&, const NamedWeights*,
                                         std::span<const struct GivenInput>);
  struct Argument {
    std::string name;  // empty: by its place
    Value value;
    bool used = false;
  };
  struct Result {
    std::string name;
    Value value;
  };

  Builder(Construction& construction, const Layer& layer) : c_(construction), layer_(&layer) {}
  // Runs a kind's build function for a layer whose weights are below `prefix` and its place.
  static void build(const Layer& layer, Construction& construction, std::vector<Argument> arguments,
                    std::string_view prefix, std::vector<Result>& results);
  void fail_with(Code code, std::initializer_list<TextPart> parts);
  std::string where() const;
  Argument* find_argument(std::string_view name, bool by_place);
  Value new_input(const char* name, DType dtype);
  Value take_argument(const char* name, const char* shape, std::initializer_list<Extent> extents,
                      DType dtype, bool any_type);
  void expect(Value value, const char* name, const char* shape, const Extent* extents);
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

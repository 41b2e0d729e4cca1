#include "attention/builder.h"

#include <algorithm>

#include "attention/construction.h"
#include "graph/operator.h"

namespace heed::attention {

namespace {

// The operator set that nodes are written for.
constexpr int kVersion = 23;

// Calls body(piece) for the pieces of `text` between separators, until it returns true; the index
// of that piece, or -1.
template <class F>
int find_piece(std::string_view text, char separator, F body) {
  for (int index = 0;; ++index) {
    const size_t end = text.find(separator);
    if (body(text.substr(0, end))) return index;
    if (end == std::string_view::npos) return -1;
    text.remove_prefix(end + 1);
  }
}

int index_of(std::string_view choices, std::string_view given) {
  return find_piece(choices, '|', [&](std::string_view choice) { return choice == given; });
}

std::vector<Dimension> read_shape(std::string_view text, const Extent* extents, bool& more) {
  std::vector<Dimension> dims;
  more = false;
  find_piece(text, ' ', [&](std::string_view piece) {
    if (piece == "*") {
      more = true;
    } else if (piece == "#") {
      const Extent extent = *extents++;
      dims.push_back({extent > 0 ? extent : -1, ""});
    } else if (piece[0] >= '0' && piece[0] <= '9') {
      int64_t extent = 0;
      for (char digit : piece) extent = extent * 10 + (digit - '0');
      dims.push_back({extent > 0 ? extent : -1, ""});
    } else {
      dims.push_back({-1, std::string(piece)});
    }
    return false;
  });
  return dims;
}

}  // namespace

// --- Arguments ---

Builder::Argument* Builder::find_argument(std::string_view name, bool by_place) {
  for (Argument& argument : arguments_) {
    if (argument.name == name) return &argument;
  }
  for (Argument& argument : arguments_) {
    if (by_place && argument.name.empty() && !argument.used) return &argument;
  }
  return nullptr;
}

Value Builder::new_input(const char* name, DType dtype) {
  const Value value = c_.graph.add_tensor(name, dtype);
  c_.graph.inputs.push_back(value);
  return value;
}

void Builder::expect(Value value, const char* name, const char* shape, const Extent* extents) {
  Expectation expectation;
  expectation.tensor = value;
  expectation.who = join(where(), name);
  expectation.dims = read_shape(shape, extents, expectation.more_axes);
  Tensor& tensor = c_.graph.tensor(value);
  const std::vector<TensorId>& inputs = c_.graph.inputs;
  if (c_.open && !expectation.more_axes && !tensor.ranked &&
      std::find(inputs.begin(), inputs.end(), value) != inputs.end()) {
    tensor.ranked = true;
    tensor.dims = std::move(expectation.dims);
    return;
  }
  c_.graph.expectations.push_back(std::move(expectation));
}

Value Builder::argument(const char* name, const char* shape, std::initializer_list<Extent> extents,
                        DType dtype) {
  return take_argument(name, shape, extents, dtype, false);
}

Value Builder::take_argument(const char* name, const char* shape,
                             std::initializer_list<Extent> extents, DType dtype, bool any_type) {
  c_.inputs.append(", ").append(name);
  Value value = kNoTensor;
  if (Argument* found = find_argument(name, true)) {
    found->used = true;
    value = found->value;
  } else if (c_.open) {
    value = new_input(name, dtype);
    for (size_t i = 0; i < c_.given.size(); ++i) {
      if (c_.given[i].name != name) continue;
      c_.given_used[i] = true;
      c_.graph.tensor(value).dtype = c_.given[i].dtype;
      if (any_type || c_.given[i].dtype == dtype) continue;
      fail(Code::kWrongType, "the input '", name, "' is ", dtype_name(c_.given[i].dtype),
           ", expected ", dtype_name(dtype));
    }
    arguments_.push_back({name, value, true});  // asked for again, it is the same
  } else {
    fail(Code::kMissingInput, "the input '", name, "' is missing");
    return scalar(0);
  }
  expect(value, name, shape, extents.begin());
  return value;
}

bool Builder::given(const char* name) const {
  const auto named = [&](const auto& entry) { return entry.name == name; };
  return std::any_of(arguments_.begin(), arguments_.end(), named) ||
         (c_.open && std::any_of(c_.given.begin(), c_.given.end(), named));
}

bool Builder::has_more_arguments() const {
  return std::any_of(arguments_.begin(), arguments_.end(), [](const Argument& argument) {
    return argument.name.empty() && !argument.used;
  });
}

Value Builder::optional_argument(const char* name, const char* shape,
                                 std::initializer_list<Extent> extents) {
  // Masks are of two types, lengths of a third; who reads them says which they may be.
  if (given(name)) return take_argument(name, shape, extents, DType::kF32, true);
  c_.inputs.append(", ").append(name);
  return kNoTensor;
}

DType Builder::dtype_of(Value value) const { return c_.graph.tensor(value).dtype; }

// --- Options ---

bool Builder::has_option(const char* name) const { return layer_->options.find(name) != nullptr; }

double Builder::number(const char* name, double fallback) {
  const Options::Entry* entry = layer_->options.find(name);
  if (!entry) return fallback;
  if (!entry->is_text && entry->numbers.size() == 1) return entry->numbers[0];
  fail(Code::kWrongValue, "the option '", name, "' must be a number");
  return fallback;
}

Extent Builder::integer(const char* name, Extent fallback, Extent least) {
  const double value = number(name, fallback);
  // The fallback may be below the least: what is not given.
  if (value == fallback) return fallback;
  if (value >= least && value <= kMostElements && value == static_cast<Extent>(value)) {
    return static_cast<Extent>(value);
  }
  fail(Code::kWrongValue, "the option '", name, "' must be a whole number from ", least,
       " on, not ", value);
  return fallback;
}

const std::vector<double>& Builder::numbers(const char* name) {
  static const std::vector<double> none;
  const Options::Entry* entry = layer_->options.find(name);
  if (entry && entry->is_text) fail(Code::kWrongValue, "the option '", name, "' must be numbers");
  return entry ? entry->numbers : none;
}

std::vector<int64_t> Builder::per_axis(const char* name, int axes, int64_t fallback,
                                       int64_t least) {
  std::vector<int64_t> values(static_cast<size_t>(axes), fallback);
  const std::vector<double>& given = numbers(name);
  if (given.empty()) return values;
  if (given.size() != 1 && given.size() != values.size()) {
    fail(Code::kWrongValue, "the option '", name, "' must have one number, or ", axes);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const double number = given[i < given.size() ? i : 0];
    values[i] = static_cast<int64_t>(number);
    if (number >= static_cast<double>(least) && number < 1 << 28 &&
        static_cast<double>(values[i]) == number)
      continue;
    fail(Code::kWrongValue, "the option '", name, "' must be whole numbers from ", least,
         " on, not ", number);
    values[i] = fallback;
  }
  return values;
}

bool Builder::is_text(const char* name) const {
  const Options::Entry* entry = layer_->options.find(name);
  return entry && entry->is_text;
}

std::string_view Builder::text(const char* name) {
  const Options::Entry* entry = layer_->options.find(name);
  if (entry && !entry->is_text) fail(Code::kWrongValue, "the option '", name, "' must be text");
  return entry ? std::string_view(entry->text) : std::string_view();
}

uint32_t Builder::choices(const char* name, const char* choices, uint32_t fallback) {
  if (!has_option(name)) return fallback;
  const std::string_view given = text(name);
  uint32_t set = 0;
  find_piece(given, ',', [&](std::string_view piece) {
    const int index = index_of(choices, piece);
    if (index < 0) {
      fail(Code::kWrongValue, "the option '", name, "' is '", piece, "', expected ", choices);
    } else {
      set |= 1u << index;
    }
    return index < 0;
  });
  return set;
}

int Builder::choice(const char* name, const char* choices) {
  const uint32_t set = this->choices(name, choices, 1);
  int index = 0;
  while (set >> index > 1) ++index;
  if (set != 1u << index && set != 0) {
    fail(Code::kWrongValue, "the option '", name, "' must be one of ", choices);
  }
  return index;
}

kernels::Activation Builder::activation(const char* name, const char* fallback) {
  using kernels::ActivationKind;
  struct Named {
    const char* name;
    kernels::Activation activation;
  };
  // PyTorch's hard sigmoid is relu6(x + 3) / 6; Keras 2 and mmcv before 1.4.4 had other slopes.
  static constexpr Named kActivations[] = {
      {"none", {}},
      {"relu", {ActivationKind::kRelu}},
      {"relu6", {ActivationKind::kClip, 0, 6}},
      {"leaky_relu", {ActivationKind::kLeakyRelu, 0.01f}},
      {"sigmoid", {ActivationKind::kSigmoid}},
      {"hard_sigmoid", {ActivationKind::kHardSigmoid, 1.0f / 6, 0.5f}},
      {"keras", {ActivationKind::kHardSigmoid, 0.2f, 0.5f}},
      {"mmcv", {ActivationKind::kHardSigmoid, 0.5f, 0.5f}},
      {"hard_swish", {ActivationKind::kHardSwish}},
      {"silu", {ActivationKind::kSilu}},
      {"tanh", {ActivationKind::kTanh}},
      {"gelu", {ActivationKind::kGelu}},
      {"gelu_tanh", {ActivationKind::kGeluTanh}},
      {"elu", {ActivationKind::kElu, 1}},
      {"softplus", {ActivationKind::kSoftplus}},
      {"mish", {ActivationKind::kMish}},
  };
  const std::string_view given = has_option(name) ? text(name) : std::string_view(fallback);
  for (const Named& known : kActivations) {
    if (given == known.name) return known.activation;
  }
  std::string all;
  for (const Named& known : kActivations) all.append(" ").append(known.name);
  fail(Code::kWrongValue, "the option '", name, "' is '", given, "', expected one of", all);
  return {};
}

// --- Nodes ---

Builder& Builder::set(const char* name, int64_t value) {
  c_.attributes->set(name, value);
  return *this;
}
Builder& Builder::set_real(const char* name, float value) {
  c_.attributes->set(name, value);
  return *this;
}
Builder& Builder::set_text(const char* name, std::string_view value) {
  c_.attributes->set(name, std::string(value));
  return *this;
}
Builder& Builder::set_list(const char* name, std::vector<int64_t> values) {
  c_.attributes->set(name, std::move(values));
  return *this;
}
Builder& Builder::set_list(const char* name, std::initializer_list<int64_t> values) {
  return set_list(name, std::vector<int64_t>(values));
}
Attributes& Builder::attributes() { return *c_.attributes; }

Value Builder::node(std::string_view op, std::initializer_list<Value> inputs) {
  return node(op, std::vector<Value>(inputs));
}

Value Builder::node(std::string_view op, std::vector<Value> inputs) {
  Node node;
  node.op = find_operator("", op);
  if (!node.op) node.op = find_operator("heed", op);
  if (!node.op) {
    fail(Code::kInternal, "there is no operator ", op);
    return scalar(0);
  }
  node.name = join(path_.empty() ? layer_->kind : path_, ".", op, ".", c_.numbered++);
  node.version = kVersion;
  while (!inputs.empty() && inputs.back() == kNoTensor) inputs.pop_back();
  node.inputs = std::move(inputs);
  node.attributes = std::exchange(c_.attributes, std::make_shared<Attributes>());
  c_.graph.nodes.push_back(std::move(node));
  return next_output();
}

Value Builder::next_output() {
  const Value output = c_.graph.add_tensor("");
  c_.graph.nodes.back().outputs.push_back(output);
  return output;
}

Value Builder::constant(ConstantPtr value) { return c_.graph.add_constant("", std::move(value)); }

Value Builder::scalar(float value) {
  return constant(make_constant(std::span<const float>(&value, 1), Shape{}));
}

Value Builder::integers(const std::vector<int64_t>& values) {
  return constant(
      make_constant(std::span<const int64_t>(values), Shape{static_cast<Extent>(values.size())}));
}
Value Builder::integers(std::initializer_list<int64_t> values) {
  return integers(std::vector<int64_t>(values));
}

Value Builder::activate(Value x, const kernels::Activation& activation) {
  if (activation.identity()) return x;
  const Value y = node("Activate", {x});
  c_.graph.nodes.back().activation = activation;
  return y;
}

Value Builder::reshape(Value x, std::initializer_list<int64_t> shape) {
  return node("Reshape", {x, integers(shape)});
}

Value Builder::transpose(Value x, const char* digits) {
  std::vector<int64_t> permutation;
  for (; *digits; ++digits) permutation.push_back(*digits - '0');
  return set_list("perm", std::move(permutation)).node("Transpose", {x});
}

Value Builder::concat(std::initializer_list<Value> values, int axis) {
  return set("axis", axis).node("Concat", values);
}

Value Builder::slice(Value x, int axis, int64_t begin, int64_t end) {
  return node("Slice", {x, integers({begin}), integers({end}), integers({axis})});
}

Value Builder::reduce(const char* op, Value x, std::initializer_list<int64_t> axes, bool keep) {
  return set("keepdims", keep).node(op, {x, integers(axes)});
}

Value Builder::einsum(const char* equation, Value a, Value b) {
  return set_text("equation", equation).node("Einsum", {a, b});
}

Value Builder::tokens(Value x) {
  const Value channels = set("start", 1).set("end", 2).node("Shape", {x});
  const Value shape = concat({integers({0, -1}), channels}, 0);
  return node("Reshape", {transpose(x, "0231"), shape});
}

Value Builder::map_like(Value x, Value like) {
  return node("Reshape", {x, concat({integers({-1, 1}), size_of(like)}, 0)});
}

Value Builder::size_of(Value x) { return set("start", 2).set("end", 4).node("Shape", {x}); }

Value Builder::extent_of(Value x, int axis) {
  const Value extent = set("start", axis).set("end", axis + 1).node("Shape", {x});
  return set("to", 1).node("Cast", {extent});
}

Value Builder::resize(Value x, Value size, const char* mode, bool align_corners) {
  const Value front = set("end", 2).node("Shape", {x});
  const Value sizes = concat({front, size}, 0);
  return set_text("mode", mode)
      .set_text("coordinate_transformation_mode", align_corners ? "align_corners"
                                                  : std::string_view(mode) == "nearest"
                                                      ? "asymmetric"
                                                      : "half_pixel")
      .set_text("nearest_mode", "floor")
      .node("Resize", {x, kNoTensor, kNoTensor, sizes});
}

Value Builder::attend(Value q, Value k, Value v, Value mask, const Heads& heads, const char* name,
                      const char* kind) {
  set_text("form", heads.form).set("heads", heads.heads).set("causal", heads.causal);
  if (heads.kv_heads > 0) set("kv_heads", heads.kv_heads);
  if (heads.scale != 0) set_real("scale", heads.scale);
  set("mask_blocks", heads.mask_blocks).set("free_keys", heads.free_keys);
  const Value y = set_text("empty_rows", heads.empty_nan ? "nan" : "zero")
                      .node("ScaledDotProduct", {q, k, v, mask, heads.key_mask});
  if (name) map(kind, next_output(), "batch heads queries keys", name);
  return y;
}

// --- Results ---

void Builder::map(const char* kind, Value value, const char* shape, const char* name) {
  Block block;
  const bool only = std::string_view(name) == "attention";
  const std::string_view own = only ? std::string_view(map_name_) : std::string_view(name);
  block.id = path_;
  if (!own.empty()) {
    if (!block.id.empty()) block.id.push_back('.');
    block.id.append(own);
  }
  block.mechanism = layer_->kind;
  block.kind = kind;
  block.input = arguments_.empty() ? value : arguments_[0].value;
  block.map = value;
  bool more;
  block.shape = read_shape(shape, nullptr, more);
  if (more) block.shape.push_back({-1, "..."});
  c_.graph.keep.push_back(value);
  c_.graph.blocks.push_back(std::move(block));
}

void Builder::result(Value value, const char* name) { results_.push_back({name, value}); }

Value Builder::nested(FunctionRef<void(Builder&)> build, std::string_view name,
                      const std::vector<Value>& arguments, const char* map) {
  Builder inner(c_, *layer_);
  inner.path_ = path_;
  inner.prefix_ = prefix_;
  inner.prefix_.append(name);
  const bool same = std::string_view(map) == "attention";
  inner.map_name_ = same ? map_name_ : std::string(map);
  for (Value argument : arguments) inner.arguments_.push_back({"", argument});
  build(inner);
  return inner.results_.empty() ? scalar(0) : inner.results_[0].value;
}

// --- Errors ---

std::string Builder::where() const {
  return path_.empty() ? join(layer_->kind, ": ") : join(layer_->kind, " '", path_, "': ");
}

void Builder::fail_with(Code code, std::initializer_list<TextPart> parts) {
  c_.fail(code, where(), join_parts(parts));
}

bool Builder::ok() const { return c_.status.ok(); }

}  // namespace heed::attention

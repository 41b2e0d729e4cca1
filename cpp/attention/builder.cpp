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

std::vector<Dimension> read_shape(std::string_view text, bool& more) {
  std::vector<Dimension> dims;
  more = false;
  find_piece(text, ' ', [&](std::string_view piece) {
    if (piece == "*") {
      more = true;
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

void Builder::expect(Value value, const std::string& name, const std::string& shape) {
  Expectation expectation;
  expectation.tensor = value;
  expectation.who = join(where(), name);
  expectation.dims = read_shape(shape, expectation.more_axes);
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

Value Builder::argument(const std::string& name, const std::string& shape, DType dtype) {
  return take_argument(name, shape, dtype, false);
}

Value Builder::take_argument(const std::string& name, const std::string& shape, DType dtype,
                             bool any_type) {
  c_.inputs.append(", ").append(name);
  Value value = kNoTensor;
  if (Argument* found = find_argument(name, true)) {
    found->used = true;
    value = found->value;
  } else if (c_.open) {
    value = c_.graph.add_tensor(name, dtype);
    c_.graph.inputs.push_back(value);
    for (size_t i = 0; i < c_.given.size(); ++i) {
      if (c_.given[i].name != name) continue;
      c_.given_used[i] = true;
      c_.graph.tensor(value).dtype = c_.given[i].dtype;
      if (any_type || c_.given[i].dtype == dtype) continue;
      fail(Code::kWrongType, join("the input '", name, "' is ", dtype_name(c_.given[i].dtype),
                                  ", expected ", dtype_name(dtype)));
    }
    arguments_.push_back({name, value, true});  // asked for again, it is the same
  } else {
    fail(Code::kMissingInput, join("the input '", name, "' is missing"));
    return scalar(0);
  }
  expect(value, name, shape);
  return value;
}

bool Builder::given(const std::string& name) const {
  const auto named = [&](const auto& entry) { return entry.name == name; };
  return std::any_of(arguments_.begin(), arguments_.end(), named) ||
         (c_.open && std::any_of(c_.given.begin(), c_.given.end(), named));
}

bool Builder::has_more_arguments() const {
  return std::any_of(arguments_.begin(), arguments_.end(), [](const Argument& argument) {
    return argument.name.empty() && !argument.used;
  });
}

Value Builder::optional_argument(const std::string& name, const std::string& shape) {
  // Masks are of two types, lengths of a third; who reads them says which they may be.
  if (given(name)) return take_argument(name, shape, DType::kF32, true);
  c_.inputs.append(", ").append(name);
  return kNoTensor;
}

// --- Options ---

bool Builder::has_option(const std::string& name) const {
  return layer_->options.find(name) != nullptr;
}

void Builder::fail_option(const std::string& name, const std::string& rest) {
  fail(Code::kWrongValue, join("the option '", name, "' ", rest));
}

double Builder::number(const std::string& name, double fallback) {
  const Options::Entry* entry = layer_->options.find(name);
  if (!entry) return fallback;
  if (!entry->is_text && entry->numbers.size() == 1) return entry->numbers[0];
  fail_option(name, "must be a number");
  return fallback;
}

Extent Builder::integer(const std::string& name, Extent fallback, Extent least) {
  const double value = number(name, fallback);
  // The fallback may be below the least: what is not given.
  if (value == fallback) return fallback;
  if (value >= least && value <= kMostElements && value == static_cast<Extent>(value)) {
    return static_cast<Extent>(value);
  }
  fail_option(name, join("must be a whole number from ", least, " on, not ", value));
  return fallback;
}

const std::vector<double>& Builder::numbers(const std::string& name) {
  static const std::vector<double> none;
  const Options::Entry* entry = layer_->options.find(name);
  if (entry && entry->is_text) fail_option(name, "must be numbers");
  return entry ? entry->numbers : none;
}

std::vector<double> Builder::per_axis(const std::string& name, int axes, Extent fallback,
                                      Extent least) {
  std::vector<double> values(static_cast<size_t>(axes), fallback);
  const std::vector<double>& given = numbers(name);
  if (given.empty()) return values;
  if (given.size() != 1 && given.size() != values.size()) {
    fail_option(name, join("must have one number, or ", axes));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const double number = given[i < given.size() ? i : 0];
    if (number >= least && number < 1 << 28 && static_cast<Extent>(number) == number) {
      values[i] = number;
    } else {
      fail_option(name, join("must be whole numbers from ", least, " on, not ", number));
    }
  }
  return values;
}

bool Builder::is_text(const std::string& name) const {
  const Options::Entry* entry = layer_->options.find(name);
  return entry && entry->is_text;
}

const std::string& Builder::text(const std::string& name) {
  static const std::string none;
  const Options::Entry* entry = layer_->options.find(name);
  if (entry && !entry->is_text) fail_option(name, "must be text");
  return entry ? entry->text : none;
}

uint32_t Builder::choices(const std::string& name, const std::string& choices, uint32_t fallback) {
  if (!has_option(name)) return fallback;
  uint32_t set = 0;
  find_piece(text(name), ',', [&](std::string_view piece) {
    const int index = index_of(choices, piece);
    if (index < 0) {
      fail_option(name, join("is '", piece, "', expected ", choices));
    } else {
      set |= 1u << index;
    }
    return index < 0;
  });
  return set;
}

int Builder::choice(const std::string& name, const std::string& choices) {
  const uint32_t set = this->choices(name, choices, 1);
  int index = 0;
  while (set >> index > 1) ++index;
  if (set != 1u << index && set != 0) fail_option(name, join("must be one of ", choices));
  return index;
}

kernels::Activation Builder::activation(const std::string& name, const std::string& fallback) {
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
  const std::string& given = has_option(name) ? text(name) : fallback;
  for (const Named& known : kActivations) {
    if (given == known.name) return known.activation;
  }
  std::string all;
  for (const Named& known : kActivations) all.append(" ").append(known.name);
  fail_option(name, join("is '", given, "', expected one of", all));
  return {};
}

// --- Nodes ---

Attributes& Builder::attributes() { return *c_.attributes; }

Value Builder::node(std::string_view op, std::vector<Value> inputs) {
  Node node;
  node.op = find_operator("", op);
  if (!node.op) node.op = find_operator("heed", op);
  if (!node.op) {
    fail(Code::kInternal, join("there is no operator ", op));
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

Value Builder::activate(Value x, const kernels::Activation& activation) {
  if (activation.identity()) return x;
  const Value y = node("Activate", {x});
  c_.graph.nodes.back().activation = activation;
  return y;
}

// --- Results ---

void Builder::map(const std::string& kind, Value value, const std::string& shape,
                  const std::string& name) {
  Block block;
  const std::string& own = name == "attention" ? map_name_ : name;
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
  block.shape = read_shape(shape, more);
  if (more) block.shape.push_back({-1, "..."});
  c_.graph.keep.push_back(value);
  c_.graph.blocks.push_back(std::move(block));
}

void Builder::result(Value value, const std::string& name) { results_.push_back({name, value}); }

Value Builder::nested(FunctionRef<void(Builder&)> build, const std::string& name,
                      const std::vector<Value>& arguments, const std::string& map) {
  Builder inner(c_, *layer_);
  inner.path_ = path_;
  inner.prefix_ = prefix_;
  inner.prefix_.append(name);
  inner.map_name_ = map == "attention" ? map_name_ : map;
  for (Value argument : arguments) inner.arguments_.push_back({"", argument});
  build(inner);
  return inner.results_.empty() ? scalar(0) : inner.results_[0].value;
}

// --- Errors ---

std::string Builder::where() const {
  return path_.empty() ? join(layer_->kind, ": ") : join(layer_->kind, " '", path_, "': ");
}

void Builder::fail(Code code, const std::string& text) { c_.fail(code, where(), text); }

bool Builder::ok() const { return c_.status.ok(); }

}  // namespace heed::attention

#include "attention/basic/elementwise.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

std::vector<int64_t> whole_numbers(Builder& b, const char* option) {
  std::vector<int64_t> values;
  for (double number : b.numbers(option)) values.push_back(static_cast<int64_t>(number));
  if (values.empty()) b.fail(Code::kInvalidArgument, "the option '", option, "' is missing");
  return values;
}

// Arguments by their places: at least two.
std::vector<Value> all_arguments(Builder& b) {
  std::vector<Value> values = {b.argument("x0", "*"), b.argument("x1", "*")};
  while (b.has_more_arguments()) values.push_back(b.argument("x2", "*"));
  return values;
}

}  // namespace

void build_activation(Builder& b) {
  kernels::Activation activation = b.activation("function", "relu");
  if (activation.kind == kernels::ActivationKind::kLeakyRelu) {
    activation.alpha = static_cast<float>(b.number("negativeSlope", activation.alpha));
  }
  b.result(b.activate(b.argument("x", "*"), activation));
}

void build_softmax(Builder& b) {
  b.result(b.softmax(b.argument("x", "*"), static_cast<int>(b.number("axis", -1))));
}

void build_flatten(Builder& b) { b.result(b.node("Flatten", {b.argument("x", "batch *")})); }

void build_transpose(Builder& b) {
  b.result(b.set_list("perm", whole_numbers(b, "order")).node("Transpose", {b.argument("x", "*")}));
}

void build_reshape(Builder& b) {
  b.result(b.node("Reshape", {b.argument("x", "*"), b.integers(whole_numbers(b, "shape"))}));
}

void build_slice(Builder& b) {
  const auto bound = [&](const char* name, int64_t fallback) {
    return static_cast<int64_t>(b.number(name, static_cast<double>(fallback)));
  };
  b.result(b.slice(b.argument("x", "*"), static_cast<int>(bound("axis", 1)), bound("begin", 0),
                   bound("end", INT32_MAX)));
}

void build_sum(Builder& b) { b.result(b.node("Sum", all_arguments(b))); }

void build_product(Builder& b) {
  const std::vector<Value> values = all_arguments(b);
  Value product = values[0];
  for (size_t i = 1; i < values.size(); ++i) product = b.mul(product, values[i]);
  b.result(product);
}

void build_concat(Builder& b) {
  b.set("axis", static_cast<int64_t>(b.number("axis", 1)));
  b.result(b.node("Concat", all_arguments(b)));
}

}  // namespace heed::attention

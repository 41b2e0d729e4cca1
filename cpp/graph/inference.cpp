#include "graph/inference.h"

namespace heed {

Inference::Inference(const Node& node, std::span<const TensorInfo> tensors)
    : NodeReader(node, tensors), results_(node.outputs.size()) {}

const Constant* Inference::required(int input) {
  const Constant* known = value(input);
  if (known || !ok()) return known;
  if (!has(input)) {
    fail(Code::kInvalidGraph, "input % is missing", input);
  } else {
    awaited_input_ = input;
    fail(Code::kInternal, "the value of input % is not known yet", input);
  }
  return nullptr;
}

bool Inference::require_list(int input) {
  if (!has(input)) return ok();
  const Constant* constant = required(input);
  if (constant && constant->dtype != DType::kI64 && constant->dtype != DType::kI32) {
    fail(Code::kWrongType, "input % is %, it must be int64 or int32", input, constant->dtype);
  }
  return ok();
}

void Inference::expect_dtype(int input, DType expected) {
  if (!has(input) || dtype(input) == expected) return;
  fail(Code::kWrongType, "input % is %, expected %", input, dtype(input), expected);
}

void Inference::expect_shape(int input, const Shape& expected) {
  if (!has(input) || shape(input) == expected) return;
  fail(Code::kWrongShape, "input % has the shape %, expected %", input, shape(input), expected);
}

void Inference::expect_one(int input) {
  if (!has(input) || shape(input).count() == 1) return;
  fail(Code::kWrongShape, "input % has the shape %, expected one element", input, shape(input));
}

void Inference::expect_floats(int count) {
  for (int input = 0; input < count; ++input) {
    if (has(input) && dtype(input) != DType::kF32) unsupported_type(input);
  }
}

void Inference::expect_first_output() {
  if (!wants(0)) fail(Code::kInvalidGraph, "its first output has no name");
}

void Inference::unsupported_type(int input) {
  fail(Code::kUnsupportedType, "% is not supported for input %", dtype(input), input);
}

void Inference::set(int output, DType dtype, const Shape& shape) {
  if (static_cast<size_t>(output) >= results_.size()) return;
  results_[static_cast<size_t>(output)] = {dtype, shape, nullptr, true};
}

void Inference::set(int output, DType dtype, const Dims& dims) {
  Shape shape;
  if (make_shape(dims, shape)) set(output, dtype, shape);
}

void Inference::set_like_first() { set(0, dtype(0), shape(0)); }

void Inference::set_broadcast(DType dtype) {
  Shape all = shape(0);
  for (int input = 1; input < input_count(); ++input) {
    if (has(input)) broadcast_shapes(all, shape(input), all);
  }
  set(0, dtype, all);
}

void Inference::set_value(int output, ConstantPtr value) {
  if (static_cast<size_t>(output) >= results_.size()) return;
  TensorInfo& info = results_[static_cast<size_t>(output)];
  info = {value->dtype, value->shape, nullptr, true};
  info.value = std::move(value);
}

}  // namespace heed

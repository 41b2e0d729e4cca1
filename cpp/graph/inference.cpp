#include "graph/inference.h"

namespace heed {

Inference::Inference(const Node& node, std::span<const TensorInfo> tensors)
    : node_(node), tensors_(tensors), results_(node.outputs.size()) {}

bool Inference::has(int input) const {
  return node_.input(static_cast<size_t>(input)) != kNoTensor;
}

DType Inference::dtype(int input) const {
  return tensors_[static_cast<size_t>(node_.inputs[static_cast<size_t>(input)])].dtype;
}

const Shape& Inference::shape(int input) const {
  return tensors_[static_cast<size_t>(node_.inputs[static_cast<size_t>(input)])].shape;
}

const Constant* Inference::value(int input) const {
  if (!has(input)) return nullptr;
  return tensors_[static_cast<size_t>(node_.inputs[static_cast<size_t>(input)])].value.get();
}

Result<const Constant*> Inference::required(int input) {
  if (const Constant* known = value(input)) return known;
  if (!has(input)) return error(Code::kInvalidGraph, "input ", input, " is missing");
  awaited_input_ = input;
  return error(Code::kInternal, "the value of input ", input, " is not known yet");
}

Result<std::vector<int64_t>> Inference::required_integers(int input) {
  Result<const Constant*> constant = required(input);
  if (!constant.ok()) return constant.status();
  std::vector<int64_t> integers;
  if (constant.value()->dtype == DType::kI64) {
    const auto values = constant.value()->values<int64_t>();
    integers.assign(values.begin(), values.end());
  } else if (constant.value()->dtype == DType::kI32) {
    const auto values = constant.value()->values<int32_t>();
    integers.assign(values.begin(), values.end());
  } else {
    return error(Code::kWrongType, "input ", input, " must be int64 or int32, it is ",
                 dtype_name(constant.value()->dtype));
  }
  return integers;
}

void Inference::set(int output, DType dtype, const Shape& shape) {
  if (static_cast<size_t>(output) >= results_.size()) return;
  results_[static_cast<size_t>(output)] = {dtype, shape, nullptr, true};
}

void Inference::set_value(int output, ConstantPtr value) {
  if (static_cast<size_t>(output) >= results_.size()) return;
  TensorInfo& info = results_[static_cast<size_t>(output)];
  info = {value->dtype, value->shape, nullptr, true};
  info.value = std::move(value);
}

Status infer_like_first(Inference& node) {
  node.set(0, node.dtype(0), node.shape(0));
  return {};
}

namespace {

Status infer_broadcast_as(Inference& node, DType dtype) {
  Shape shape = node.shape(0);
  for (int input = 1; input < node.input_count(); ++input) {
    Result<Shape> both = broadcast(shape, node.shape(input));
    if (!both.ok()) return both.status();
    shape = both.value();
  }
  node.set(0, dtype, shape);
  return {};
}

}  // namespace

Status infer_broadcast(Inference& node) { return infer_broadcast_as(node, node.dtype(0)); }
Status infer_comparison(Inference& node) { return infer_broadcast_as(node, DType::kBool); }

}  // namespace heed

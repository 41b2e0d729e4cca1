#include "graph/operators/arguments.h"

namespace heed {

std::vector<int64_t> integers_of(const Constant* constant) {
  if (constant == nullptr) return {};
  if (constant->dtype == DType::kI64) {
    const auto values = constant->values<int64_t>();
    return {values.begin(), values.end()};
  }
  if (constant->dtype == DType::kI32) {
    const auto values = constant->values<int32_t>();
    return {values.begin(), values.end()};
  }
  return {};
}

Result<std::vector<int64_t>> integers_argument(Inference& node, int input,
                                               std::string_view attribute) {
  if (node.has(input)) return node.required_integers(input);
  const auto values = node.attributes().integers(attribute);
  return std::vector<int64_t>(values.begin(), values.end());
}

std::vector<int64_t> integers_argument(const Lowering& node, int input,
                                       std::string_view attribute) {
  if (node.has(input)) return integers_of(node.constant(input));
  const auto values = node.attributes().integers(attribute);
  return {values.begin(), values.end()};
}

Result<AxisSet> axis_set(std::span<const int64_t> axes, int rank, std::vector<int>* ordered) {
  AxisSet set = 0;
  for (int64_t given : axes) {
    const Result<int> axis = normalize_axis(given, rank);
    if (!axis.ok()) return axis.status();
    if (contains(set, axis.value())) {
      return error(Code::kInvalidGraph, "axis ", axis.value(), " is named twice");
    }
    set |= AxisSet{1} << axis.value();
    if (ordered != nullptr) ordered->push_back(axis.value());
  }
  return set;
}

Result<DType> dtype_of_onnx(int64_t type) {
  switch (type) {
    case 1:
      return DType::kF32;
    case 2:
      return DType::kU8;
    case 3:
      return DType::kI8;
    case 4:
    case 5:
    case 6:
      return DType::kI32;
    case 7:
    case 12:
    case 13:
      return DType::kI64;
    case 9:
      return DType::kBool;
    case 10:
      return DType::kF16;
    default:
      return error(Code::kUnsupportedType, "the element type ", type, " of ONNX is not supported");
  }
}

Status check_first_output(const Inference& node) {
  if (node.node().output(0) != kNoTensor) return {};
  return error(Code::kInvalidGraph, "its first output has no name");
}

Status set_shape(Inference& node, DType dtype, std::span<const int64_t> dims) {
  const Result<Shape> shape = Shape::make(dims);
  if (!shape.ok()) return shape.status();
  node.set(0, dtype, shape.value());
  return {};
}

}  // namespace heed

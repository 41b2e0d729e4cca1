#include "support/operator_check.h"

#include "graph/operator.h"

namespace heed::test {

namespace {

bool is_left_out(const HostTensor& tensor) {
  return tensor.data.empty() && tensor.name == "left out";
}

ConstantPtr constant_of(const HostTensor& tensor) {
  NewConstant constant = make_constant(tensor.dtype, tensor.shape);
  std::copy(tensor.data.begin(), tensor.data.end(), constant.data);
  return constant.constant;
}

}  // namespace

HostTensor left_out() { return HostTensor{"left out", DType::kF32, Shape{0}, {}}; }

Result<std::vector<HostTensor>> outputs_of(const OperatorCall& call, bool channels_last) {
  GraphBuilder builder(call.opset);
  std::vector<TensorId> ids;
  std::vector<HostTensor> given;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const HostTensor& tensor = call.inputs[i];
    const std::string name = join("input", static_cast<uint64_t>(i));
    if (is_left_out(tensor)) {
      ids.push_back(kNoTensor);
    } else if (call.constants && i > 0) {
      ids.push_back(builder.graph().add_constant(name, constant_of(tensor)));
    } else {
      ids.push_back(builder.input(name, tensor.shape, tensor.dtype));
      given.push_back(tensor);
    }
  }
  std::vector<TensorId> outputs =
      builder.node_with_outputs(call.outputs, call.op, ids, {}, call.domain);
  auto attributes = std::make_shared<Attributes>();
  for (const GraphBuilder::Attribute& attribute : call.attributes) {
    attributes->set(attribute.name, attribute.value);
  }
  builder.graph().nodes.back().attributes = std::move(attributes);
  RunOptions options;
  options.channels_last = channels_last;
  return run(builder.build(std::move(outputs)), given, options);
}

std::string difference(const OperatorCall& call, const std::vector<HostTensor>& expected,
                       Tolerance tolerance) {
  for (const bool channels_last : {false, true}) {
    const std::string_view layout = channels_last ? "channels-last" : "row-major";
    const Result<std::vector<HostTensor>> outputs = outputs_of(call, channels_last);
    if (!outputs.ok()) return join(layout, ": ", std::string_view(outputs.status().message));
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string text = difference(outputs.value()[i], expected[i], tolerance);
      if (!text.empty()) return join(layout, ", output ", static_cast<uint64_t>(i), ": ", text);
    }
  }
  return {};
}

HostTensor random_tensor(const Shape& shape, uint32_t seed, float low, float high) {
  const auto values = random_floats(static_cast<size_t>(shape.count()), seed, low, high);
  return host_tensor(std::span<const float>(values), shape);
}

HostTensor tensor_of(const Shape& shape, const std::function<double(const Extent*)>& value) {
  std::vector<float> values;
  Extent index[kMaxRank] = {};
  for (Extent i = 0; i < shape.count(); ++i) {
    values.push_back(static_cast<float>(value(index)));
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return host_tensor(std::span<const float>(values), shape);
}

double at(const HostTensor& tensor, const Extent* index, int rank) {
  const int added = rank - tensor.shape.rank();
  size_t offset = 0;
  for (int axis = 0; axis < tensor.shape.rank(); ++axis) {
    const Extent extent = tensor.shape[axis];
    offset = offset * static_cast<size_t>(extent) +
             static_cast<size_t>(extent == 1 ? 0 : index[axis + added]);
  }
  return element(tensor, offset);
}

}  // namespace heed::test

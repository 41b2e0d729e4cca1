#include "formats/onnx_graph.h"

#include "graph/operator.h"
#include "graph/topological_sort.h"

namespace heed::onnx {

namespace {

Status with_place(const Status& status, std::string_view kind, std::string_view name) {
  return error(status.code, kind, " '", name, "': ", status.message);
}

// The declared type of an input or output of the whole graph, as far as heed computes with it.
Result<DType> declared_type(const ValueMessage& value) {
  if (!value.tensor) {
    return error(Code::kUnsupportedType,
                 "it is not declared as a tensor; sequences, maps and optionals are not supported");
  }
  switch (value.type) {
    case kFloat:
    case kDouble:
    case kInt64:
    case kInt32:
    case kUint8:
    case kInt8:
    case kBoolean:
      return stored_type(value.type);
    case kFloat16:
      return DType::kF16;
    default:
      return error(Code::kUnsupportedType, "it is declared as ", element_type_name(value.type),
                   "; inputs and outputs are float32, float16, int64, int32, uint8, int8 or bool");
  }
}

void declare_dims(Tensor& tensor, const ValueMessage& value) {
  tensor.ranked = value.ranked;
  for (const DimensionMessage& dim : value.dims)
    tensor.dims.push_back({dim.extent, std::string(dim.name)});
}

}  // namespace

Result<Graph> GraphReader::read(const GraphMessage& message) {
  if (message.sparse_initializers) {
    return error(Code::kUnsupportedType, "sparse initializers are not supported: store them dense");
  }
  HEED_TRY(add_initializers(message));
  HEED_TRY(add_inputs(message));
  HEED_TRY(add_node_outputs(message));
  for (size_t i = 0; i < message.nodes.size(); ++i) {
    const NodeMessage& node = message.nodes[i];
    const Trail::Step step(context_.trail, "node", static_cast<int64_t>(i));
    const Status status = add_node(node);
    if (!status.ok()) return with_place(status, join("node (", node.op_type, ")"), node.title());
  }
  HEED_TRY(add_outputs(message));
  HEED_TRY(sort_nodes(graph_));
  return std::move(graph_);
}

Status GraphReader::add_initializers(const GraphMessage& message) {
  for (size_t i = 0; i < message.initializers.size(); ++i) {
    const Trail::Step step(context_.trail, "initializer", static_cast<int64_t>(i));
    const TensorMessage tensor = read_tensor(context_.trail, message.initializers[i]);
    Result<ConstantPtr> constant = context_.weights.constant(tensor);
    if (!constant.ok()) return with_place(constant.status(), "initializer", tensor.name);
    const TensorId id = graph_.add_tensor(std::string(tensor.name));
    if (constant.value()) graph_.tensor(id).dtype = constant.value()->dtype;
    graph_.tensor(id).constant = std::move(constant.value());
    if (tensor.name.empty() || !define(tensor.name, id)) {
      return error(Code::kInvalidGraph, "initializer ", static_cast<uint64_t>(i),
                   tensor.name.empty() ? std::string(" has no name")
                                       : join(": the name '", tensor.name, "' is taken"));
    }
  }
  return {};
}

Status GraphReader::add_inputs(const GraphMessage& message) {
  const size_t initializers = ids_.size();
  std::vector<bool> listed(initializers);
  for (const ValueMessage& value : message.inputs) {
    // Early versions of ONNX list initializers among the inputs, later ones where they are
    // defaults.
    const auto known = ids_.find(value.name);
    if (known != ids_.end() && static_cast<size_t>(known->second) < initializers &&
        !listed[static_cast<size_t>(known->second)]) {
      listed[static_cast<size_t>(known->second)] = true;
      continue;
    }
    if (value.name.empty()) return error(Code::kInvalidGraph, "an input of the graph has no name");
    const Result<DType> dtype = declared_type(value);
    if (!dtype.ok()) return with_place(dtype.status(), "input", value.name);
    const TensorId id = graph_.add_tensor(std::string(value.name), dtype.value());
    declare_dims(graph_.tensor(id), value);
    graph_.inputs.push_back(id);
    TensorId read = id;
    if (dtype.value() == DType::kF16) {
      read = graph_.add_tensor(join(value.name, ".float32"));
      graph_.nodes.push_back(make_cast(join(value.name, ".cast"), id, read, kFloat));
    }
    if (!define(value.name, read))
      return error(Code::kInvalidGraph, "two inputs have the name '", value.name, "'");
  }
  if (outer_ && !graph_.inputs.empty())
    return error(Code::kInvalidGraph, "a branch of If has inputs");
  return {};
}

Status GraphReader::add_node_outputs(const GraphMessage& message) {
  for (const NodeMessage& node : message.nodes) {
    for (std::string_view output : node.outputs) {
      if (output.empty()) continue;
      if (!define(output, graph_.add_tensor(std::string(output)))) {
        return error(Code::kInvalidGraph, "node '", node.title(), "' gives '", output,
                     "', which an input, an initializer or another node gives too");
      }
    }
  }
  return {};
}

TensorId GraphReader::resolve(std::string_view name) {
  const auto known = ids_.find(name);
  if (known != ids_.end()) return known->second;
  if (!outer_) return kNoTensor;
  const TensorId outside = outer_->resolve(name);
  if (outside == kNoTensor) return kNoTensor;
  const TensorId id = graph_.add_tensor(std::string(name), outer_->graph_.tensor(outside).dtype);
  define(name, id);
  graph_.inputs.push_back(id);
  captured_.push_back(outside);
  return id;
}

Status GraphReader::add_outputs(const GraphMessage& message) {
  if (message.outputs.empty()) return error(Code::kInvalidGraph, "the graph has no outputs");
  std::vector<bool> made(graph_.tensors.size());
  for (const Node& node : graph_.nodes) {
    for (TensorId output : node.outputs) {
      if (output != kNoTensor) made[static_cast<size_t>(output)] = true;
    }
  }
  std::vector<bool> listed(graph_.tensors.size());
  for (const ValueMessage& value : message.outputs) {
    const TensorId id = value.name.empty() ? kNoTensor : resolve(value.name);
    if (id == kNoTensor) {
      return error(Code::kInvalidGraph, "nothing gives the graph's output '", value.name, "'");
    }
    const auto index = static_cast<size_t>(id);
    listed.resize(graph_.tensors.size());
    made.resize(graph_.tensors.size());
    if (!outer_ && listed[index])
      return error(Code::kInvalidGraph, "the output '", value.name, "' is listed twice");
    listed[index] = true;
    if (outer_) {
      graph_.outputs.push_back(id);
      continue;
    }

    DType dtype = DType::kF32;
    if (value.typed) {
      const Result<DType> declared = declared_type(value);
      if (!declared.ok()) return with_place(declared.status(), "output", value.name);
      dtype = declared.value();
    }
    TensorId output = id;
    if (dtype == DType::kF16) {
      output = graph_.add_tensor(std::string(value.name), DType::kF16);
      if (made[index]) graph_.tensor(id).name += ".float32";
      graph_.nodes.push_back(make_cast(join(value.name, ".cast"), id, output, kFloat16));
    } else if (!made[index]) {
      // An input or a constant: as an output it is a tensor of its own.
      output = graph_.add_tensor(std::string(value.name), graph_.tensor(id).dtype);
      graph_.nodes.push_back(make_node("Identity", join(value.name, ".copy"), id, output));
    } else {
      graph_.tensor(id).dtype = dtype;
    }
    declare_dims(graph_.tensor(output), value);
    graph_.outputs.push_back(output);
  }
  return {};
}

Node GraphReader::make_node(std::string_view op, std::string name, TensorId input,
                            TensorId output) const {
  Node node;
  node.op = find_operator("", op);
  node.name = std::move(name);
  node.inputs = {input};
  node.outputs = {output};
  node.attributes = std::make_shared<Attributes>();
  node.version = context_.version;
  return node;
}

Node GraphReader::make_cast(std::string name, TensorId input, TensorId output,
                            ElementType to) const {
  Node node = make_node("Cast", std::move(name), input, output);
  auto attributes = std::make_shared<Attributes>();
  attributes->set("to", int64_t{to});
  node.attributes = std::move(attributes);
  return node;
}

}  // namespace heed::onnx

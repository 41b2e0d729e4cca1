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
  if (!value.is_tensor()) {
    return error(Code::kUnsupportedType,
                 "it is not declared as a tensor; sequences, maps and optionals are not supported");
  }
  switch (value.element_type) {
    case kFloat:
    case kDouble:
    case kInt64:
    case kInt32:
    case kUint8:
    case kInt8:
    case kBoolean:
      return stored_type(value.element_type);
    case kFloat16:
      return DType::kF16;
    default:
      return error(Code::kUnsupportedType, "it is declared as ",
                   element_type_name(value.element_type),
                   "; inputs and outputs are float32, float16, int64, int32, uint8, int8 or bool");
  }
}

}  // namespace

Status GraphReader::read(const GraphMessage& message) {
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
  return sort_nodes(graph_);
}

Status GraphReader::add_initializers(const GraphMessage& message) {
  for (size_t i = 0; i < message.initializers.size(); ++i) {
    const Trail::Step step(context_.trail, "initializer", static_cast<int64_t>(i));
    TensorMessage tensor;
    HEED_TRY(read_tensor(context_.trail, message.initializers[i], tensor));
    ConstantPtr constant;
    const Status status = context_.weights.read(tensor, constant);
    if (!status.ok()) return with_place(status, "initializer", tensor.name);
    const TensorId id =
        graph_.add_tensor(std::string(tensor.name), constant ? constant->dtype : DType::kF32);
    graph_.tensor(id).constant = std::move(constant);
    if (tensor.name.empty() || !define(tensor.name, id)) {
      return error(Code::kInvalidGraph, "initializer ", i, ": the name '", tensor.name,
                   tensor.name.empty() ? "' is no name" : "' is taken");
    }
  }
  return {};
}

Status GraphReader::add_inputs(const GraphMessage& message) {
  std::vector<uint8_t> listed(ids_.size());  // initializers that are inputs too
  for (const ValueMessage& value : message.inputs) {
    // Early versions of ONNX list initializers among the inputs, later ones where they are
    // defaults.
    const TensorId known = ids_.find(value.name);
    const auto initializer = static_cast<size_t>(known);
    if (known != kNoTensor && initializer < listed.size() && !listed[initializer]) {
      listed[initializer] = 1;
      continue;
    }
    if (value.name.empty()) return error(Code::kInvalidGraph, "an input of the graph has no name");
    const Result<DType> dtype = declared_type(value);
    if (!dtype.ok()) return with_place(dtype.status(), "input", value.name);
    const TensorId id = graph_.add_tensor(std::string(value.name), dtype.value());
    HEED_TRY(declare_dims(id, value));
    graph_.inputs.push_back(id);
    TensorId read = id;
    if (dtype.value() == DType::kF16) {
      read = graph_.add_tensor(join(value.name, ".float32"));
      add_copy(join(value.name, ".cast"), id, read, kFloat);
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

Status GraphReader::declare_dims(TensorId id, const ValueMessage& value) {
  Tensor& tensor = graph_.tensor(id);
  tensor.ranked = value.is_ranked();
  tensor.dims = std::vector<Dimension>(value.dims.size());
  for (size_t i = 0; i < value.dims.size(); ++i) {
    DimensionMessage dimension;
    HEED_TRY(read_dimension(context_.trail, value.dims[i], dimension));
    tensor.dims[i].extent = dimension.extent;
    tensor.dims[i].name = dimension.name;
  }
  return {};
}

TensorId GraphReader::resolve(std::string_view name) {
  const TensorId known = ids_.find(name);
  if (known != kNoTensor || !outer_) return known;
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
  // What is known of a tensor: a node makes it; it is an output already.
  constexpr uint8_t kMade = 1, kListed = 2;
  std::vector<uint8_t> known(graph_.tensors.size());
  for (const Node& node : graph_.nodes) {
    for (TensorId output : node.outputs) {
      if (output != kNoTensor) known[static_cast<size_t>(output)] = kMade;
    }
  }
  for (const ValueMessage& value : message.outputs) {
    const TensorId id = value.name.empty() ? kNoTensor : resolve(value.name);
    if (id == kNoTensor) {
      return error(Code::kInvalidGraph, "nothing gives the graph's output '", value.name, "'");
    }
    TensorId output = id;
    if (!outer_) {
      uint8_t& what = known[static_cast<size_t>(id)];
      if (what & kListed)
        return error(Code::kInvalidGraph, "the output '", value.name, "' is listed twice");
      what |= kListed;
      Result<DType> dtype = DType::kF32;
      if (value.is_typed()) dtype = declared_type(value);
      if (!dtype.ok()) return with_place(dtype.status(), "output", value.name);
      if (dtype.value() == DType::kF16) {
        output = graph_.add_tensor(std::string(value.name), DType::kF16);
        if (what & kMade) graph_.tensor(id).name += ".float32";
        add_copy(join(value.name, ".cast"), id, output, kFloat16);
      } else if (!(what & kMade)) {
        // An input or a constant: as an output it is a tensor of its own.
        output = graph_.add_tensor(std::string(value.name), graph_.tensor(id).dtype);
        add_copy(join(value.name, ".copy"), id, output);
      } else {
        graph_.tensor(id).dtype = dtype.value();
      }
      HEED_TRY(declare_dims(output, value));
    }
    graph_.outputs.push_back(output);
  }
  return {};
}

void GraphReader::add_copy(std::string name, TensorId input, TensorId output, ElementType to) {
  Node node;
  node.op = find_operator("", to == kUndefined ? "Identity" : "Cast");
  node.name = std::move(name);
  node.inputs = {input};
  node.outputs = {output};
  auto attributes = std::make_shared<Attributes>();
  if (to != kUndefined) attributes->set("to", int64_t{to});
  node.attributes = std::move(attributes);
  node.version = context_.version;
  graph_.nodes.push_back(std::move(node));
}

}  // namespace heed::onnx

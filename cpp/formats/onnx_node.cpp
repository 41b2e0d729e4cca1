// Nodes: operators, edges and attributes.
#include "formats/onnx_graph.h"
#include "graph/operator.h"

namespace heed::onnx {

Status GraphReader::add_node(const NodeMessage& message) {
  if (message.domain.empty() && message.op_type == "Constant") return add_constant_node(message);
  Node node;
  node.op = find_operator(message.domain, message.op_type);
  node.name = message.title();
  node.version = context_.version;

  bool wanted = false;
  for (std::string_view name : message.outputs) {
    node.outputs.push_back(name.empty() ? kNoTensor : ids_.find(name)->second);
    wanted = wanted || !name.empty();
  }
  if (!wanted) return {};
  size_t input_count = message.inputs.size();
  while (input_count > 0 && message.inputs[input_count - 1].empty()) --input_count;
  for (size_t i = 0; i < input_count; ++i) {
    const std::string_view name = message.inputs[i];
    const TensorId id = name.empty() ? kNoTensor : resolve(name);
    if (!name.empty() && id == kNoTensor)
      return error(Code::kInvalidGraph, "nothing gives its input '", name, "'");
    node.inputs.push_back(id);
  }
  const auto count = static_cast<int>(input_count);
  if (count < node.op->min_inputs || (node.op->max_inputs != 255 && count > node.op->max_inputs)) {
    return error(Code::kInvalidGraph, "it has ", count, " inputs, and should have ",
                 node.op->min_inputs == node.op->max_inputs ? "" : "at least ", node.op->min_inputs,
                 node.op->max_inputs > node.op->min_inputs && node.op->max_inputs != 255
                     ? join(" and at most ", node.op->max_inputs)
                     : std::string());
  }
  for (int i = 0; i < node.op->min_inputs; ++i) {
    if (node.inputs[static_cast<size_t>(i)] == kNoTensor) {
      return error(Code::kInvalidGraph, "its input ", i, " is missing");
    }
  }
  HEED_TRY(read_attributes(message, node));
  graph_.nodes.push_back(std::move(node));
  return {};
}

Status GraphReader::read_attributes(const NodeMessage& message, Node& node) {
  auto attributes = std::make_shared<Attributes>();
  for (size_t i = 0; i < message.attributes.size(); ++i) {
    const Trail::Step step(context_.trail, "attribute", static_cast<int64_t>(i));
    AttributeMessage attribute = read_attribute(context_.trail, message.attributes[i]);
    const std::string_view name = attribute.name;
    switch (attribute.type) {
      case kAttributeFloat:
        attributes->set(name, attribute.real);
        break;
      case kAttributeInt:
        attributes->set(name, attribute.integer);
        break;
      case kAttributeString:
        attributes->set(name, std::string(attribute.text));
        break;
      case kAttributeFloats:
        attributes->set(name, std::move(attribute.reals));
        break;
      case kAttributeInts:
        attributes->set(name, std::move(attribute.integers));
        break;
      case kAttributeStrings:
        attributes->set(name,
                        std::vector<std::string>(attribute.texts.begin(), attribute.texts.end()));
        break;
      case kAttributeTensor: {
        Result<ConstantPtr> tensor =
            context_.weights.constant(read_tensor(context_.trail, attribute.tensor));
        if (!tensor.ok())
          return error(tensor.status().code, "attribute '", name, "': ", tensor.status().message);
        if (tensor.value()) attributes->set(name, std::move(tensor.value()));
        break;
      }
      default:
        break;  // a graph (see read_branches), or what no supported operator has
    }
  }
  if (message.op_type == "If") HEED_TRY(read_branches(message, node, *attributes));
  HEED_TRY(replace_storage_types(node, *attributes));
  node.attributes = std::move(attributes);
  return {};
}

Status GraphReader::read_branches(const NodeMessage& message, Node& node, Attributes& attributes) {
  if (nesting_ + 1 >= kMaxNesting)
    return error(Code::kInvalidGraph, "branches are nested deeper than ", kMaxNesting);
  for (std::string_view name : {"then_branch", "else_branch"}) {
    std::string_view bytes;
    for (std::string_view entry : message.attributes) {
      const AttributeMessage attribute = read_attribute(context_.trail, entry);
      if (attribute.name == name && attribute.type == kAttributeGraph) bytes = attribute.graph;
    }
    if (bytes.empty()) return error(Code::kInvalidGraph, "it has no ", name);
    const Trail::Step step(context_.trail, name == "then_branch" ? "then_branch" : "else_branch");
    GraphReader reader(context_, this);
    Result<Graph> branch = reader.read(read_graph(context_.trail, bytes));
    if (!branch.ok()) return error(branch.status().code, name, ", ", branch.status().message);
    if (branch.value().outputs.size() != node.outputs.size()) {
      return error(Code::kInvalidGraph, name, " has ",
                   static_cast<uint64_t>(branch.value().outputs.size()), " outputs, the node ",
                   static_cast<uint64_t>(node.outputs.size()));
    }
    attributes.set(
        name, std::shared_ptr<const Graph>(std::make_shared<Graph>(std::move(branch.value()))));
    node.inputs.insert(node.inputs.end(), reader.captured().begin(), reader.captured().end());
  }
  return {};
}

Status GraphReader::replace_storage_types(Node& node, Attributes& attributes) {
  const bool cast = node.op->domain.empty() && node.op->name == "Cast";
  for (std::string_view name : {"to", "dtype", "output_dtype"}) {
    if (!attributes.has(name)) continue;
    const int64_t type = attributes.integer(name, kUndefined);
    if (cast && type == kFloat16 && node.outputs[0] != kNoTensor) {
      const TensorId half = graph_.add_tensor(node.name + ".float16", DType::kF16);
      graph_.nodes.push_back(make_cast(node.name + ".float32", half, node.outputs[0], kFloat));
      node.outputs[0] = half;
    } else if (type == kFloat16 || type == kBfloat16 || type == kDouble) {
      attributes.set(name, int64_t{kFloat});
    }
  }
  return {};
}

Status GraphReader::add_constant_node(const NodeMessage& message) {
  if (message.outputs.size() != 1 || message.outputs[0].empty()) {
    return error(Code::kInvalidGraph, "a constant has one output");
  }
  ConstantPtr constant;
  bool found = false;
  for (std::string_view bytes : message.attributes) {
    const AttributeMessage attribute = read_attribute(context_.trail, bytes);
    const auto count = [](size_t size) { return Shape{static_cast<Extent>(size)}; };
    found = true;
    if (attribute.name == "value" && attribute.type == kAttributeTensor) {
      Result<ConstantPtr> tensor =
          context_.weights.constant(read_tensor(context_.trail, attribute.tensor));
      if (!tensor.ok()) return tensor.status();
      constant = std::move(tensor.value());
    } else if (attribute.name == "value_float") {
      constant = make_constant(std::span(&attribute.real, 1), Shape{});
    } else if (attribute.name == "value_floats") {
      constant = make_constant(attribute.reals, count(attribute.reals.size()));
    } else if (attribute.name == "value_int") {
      constant = make_constant(std::span(&attribute.integer, 1), Shape{});
    } else if (attribute.name == "value_ints") {
      constant = make_constant(attribute.integers, count(attribute.integers.size()));
    } else if (attribute.name == "sparse_value" || attribute.name == "value_string" ||
               attribute.name == "value_strings") {
      return error(Code::kUnsupportedType, "its ", attribute.name, " is not supported");
    } else {
      found = false;
    }
    if (found) break;
  }
  if (!found) return error(Code::kInvalidGraph, "it has no value");
  Tensor& tensor = graph_.tensor(ids_.find(message.outputs[0])->second);
  if (constant) tensor.dtype = constant->dtype;
  tensor.constant = std::move(constant);
  return {};
}

}  // namespace heed::onnx

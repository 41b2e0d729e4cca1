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
    node.outputs.push_back(name.empty() ? kNoTensor : ids_.find(name));
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
  const int least = node.op->min_inputs;
  const int most = node.op->max_inputs;
  const bool unlimited = most == 255;
  if (count < least || (count > most && !unlimited)) {
    std::string range = join(least);
    if (unlimited) range += " or more";
    if (least < most && !unlimited) range += join(" to ", most);
    return error(Code::kInvalidGraph, "it has ", count, " inputs, and should have ", range);
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

Status GraphReader::read_tensor_attribute(const AttributeMessage& attribute,
                                          ConstantPtr& constant) {
  TensorMessage tensor;
  HEED_TRY(read_tensor(context_.trail, attribute.tensor, tensor));
  return context_.weights.read(tensor, constant);
}

Status GraphReader::read_attributes(const NodeMessage& message, Node& node) {
  auto attributes = std::make_shared<Attributes>();
  for (size_t i = 0; i < message.attributes.size(); ++i) {
    const Trail::Step step(context_.trail, "attribute", static_cast<int64_t>(i));
    AttributeMessage attribute;
    HEED_TRY(read_attribute(context_.trail, message.attributes[i], attribute));
    AttributeValue value;
    switch (attribute.type) {
      case kAttributeFloat:
        value.emplace<float>(attribute.real);
        break;
      case kAttributeInt:
        value.emplace<int64_t>(attribute.integer);
        break;
      case kAttributeString:
        value.emplace<std::string>(attribute.text);
        break;
      case kAttributeFloats:
        value.emplace<std::vector<float>>(std::move(attribute.reals));
        break;
      case kAttributeInts:
        value.emplace<std::vector<int64_t>>(std::move(attribute.integers));
        break;
      case kAttributeStrings:
        value.emplace<std::vector<std::string>>(attribute.texts.begin(), attribute.texts.end());
        break;
      case kAttributeTensor: {
        ConstantPtr tensor;
        const Status status = read_tensor_attribute(attribute, tensor);
        if (!status.ok())
          return error(status.code, "attribute '", attribute.name, "': ", status.message);
        if (!tensor) continue;
        value.emplace<ConstantPtr>(std::move(tensor));
        break;
      }
      default:
        continue;  // a graph (see read_branches), or what no supported operator has
    }
    attributes->set(attribute.name, std::move(value));
  }
  if (message.op_type == "If") HEED_TRY(read_branches(message, node, *attributes));
  replace_storage_types(node, *attributes);
  node.attributes = std::move(attributes);
  return {};
}

Status GraphReader::read_branches(const NodeMessage& message, Node& node, Attributes& attributes) {
  if (nesting_ + 1 >= kMaxNesting)
    return error(Code::kInvalidGraph, "branches are nested deeper than ", kMaxNesting);
  for (const std::string_view name : {"then_branch", "else_branch"}) {
    std::string_view bytes;
    for (std::string_view entry : message.attributes) {
      AttributeMessage attribute;
      HEED_TRY(read_attribute(context_.trail, entry, attribute));
      if (attribute.name == name && attribute.type == kAttributeGraph) bytes = attribute.graph;
    }
    if (bytes.empty()) return error(Code::kInvalidGraph, "it has no ", name);
    const Trail::Step step(context_.trail, name.data());
    GraphMessage graph;
    HEED_TRY(read_graph(context_.trail, bytes, graph));
    GraphReader reader(context_, this);
    const Status status = reader.read(graph);
    if (!status.ok()) return error(status.code, name, ", ", status.message);
    auto branch = std::make_shared<Graph>(std::move(reader.graph()));
    if (branch->outputs.size() != node.outputs.size()) {
      return error(Code::kInvalidGraph, name, " has ", branch->outputs.size(),
                   " outputs, the node ", node.outputs.size());
    }
    attributes.set(name, std::shared_ptr<const Graph>(std::move(branch)));
    node.inputs.insert(node.inputs.end(), reader.captured().begin(), reader.captured().end());
  }
  return {};
}

void GraphReader::replace_storage_types(Node& node, Attributes& attributes) {
  const bool cast = node.op->domain.empty() && node.op->name == "Cast";
  for (const char* name : {"to", "dtype", "output_dtype"}) {
    if (!attributes.has(name)) continue;
    const int64_t type = attributes.integer(name, kUndefined);
    if (cast && type == kFloat16 && node.outputs[0] != kNoTensor) {
      const TensorId half = graph_.add_tensor(node.name + ".float16", DType::kF16);
      add_copy(node.name + ".float32", half, node.outputs[0], kFloat);
      node.outputs[0] = half;
    } else if (type == kFloat16 || type == kBfloat16 || type == kDouble) {
      attributes.set(name, int64_t{kFloat});
    }
  }
}

Status GraphReader::add_constant_node(const NodeMessage& message) {
  if (message.outputs.size() != 1 || message.outputs[0].empty()) {
    return error(Code::kInvalidGraph, "a constant has one output");
  }
  ConstantPtr constant;
  bool found = false;
  for (std::string_view bytes : message.attributes) {
    AttributeMessage attribute;
    HEED_TRY(read_attribute(context_.trail, bytes, attribute));
    std::span<const float> reals = attribute.reals;
    std::span<const int64_t> integers = attribute.integers;
    Shape shape;
    if (attribute.name == "value" && attribute.type == kAttributeTensor) {
      HEED_TRY(read_tensor_attribute(attribute, constant));
      found = true;
      break;
    }
    if (attribute.name == "value_float") {
      reals = {&attribute.real, 1};
    } else if (attribute.name == "value_int") {
      integers = {&attribute.integer, 1};
    } else if (attribute.name == "value_floats") {
      shape.push_back(static_cast<Extent>(reals.size()));
    } else if (attribute.name == "value_ints") {
      shape.push_back(static_cast<Extent>(integers.size()));
    } else if (attribute.name == "sparse_value" || attribute.name == "value_string" ||
               attribute.name == "value_strings") {
      return error(Code::kUnsupportedType, "its ", attribute.name, " is not supported");
    } else {
      continue;
    }
    const bool real = attribute.name.find("float") != attribute.name.npos;
    constant = real ? make_constant(reals, shape) : make_constant(integers, shape);
    found = true;
    break;
  }
  if (!found) return error(Code::kInvalidGraph, "it has no value");
  Tensor& tensor = graph_.tensor(ids_.find(message.outputs[0]));
  if (constant) tensor.dtype = constant->dtype;
  tensor.constant = std::move(constant);
  return {};
}

}  // namespace heed::onnx

#include "formats/onnx_messages.h"

#include <cstddef>

#include "base/status.h"

namespace heed::onnx {

std::string element_type_name(int64_t type) {
  constexpr std::string_view kNames[] = {
      "undefined",      "float32",    "uint8",          "int8",       "uint16",   "int16",
      "int32",          "int64",      "string",         "bool",       "float16",  "float64",
      "uint32",         "uint64",     "complex64",      "complex128", "bfloat16", "float8e4m3fn",
      "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",      "int4",     "float4e2m1"};
  if (type >= 0 && type < static_cast<int64_t>(std::size(kNames))) return std::string(kNames[type]);
  return join("type ", type);
}

std::string_view NodeMessage::title() const {
  if (!name.empty()) return name;
  for (std::string_view output : outputs) {
    if (!output.empty()) return output;
  }
  return op_type;
}

namespace {

using enum FieldKind;

#define HEED_FIELD(message, number, kind, member) \
  Field { number, kind, offsetof(message, member) }

constexpr Field kTensorFields[] = {
    HEED_FIELD(TensorMessage, 1, kIntegers, dims),
    HEED_FIELD(TensorMessage, 2, kInteger, type),
    HEED_FIELD(TensorMessage, 3, kBytes, segment),
    HEED_FIELD(TensorMessage, 4, kReals, floats),
    HEED_FIELD(TensorMessage, 5, kIntegers, integers),
    HEED_FIELD(TensorMessage, 7, kIntegers, integers),
    HEED_FIELD(TensorMessage, 8, kBytes, name),
    HEED_FIELD(TensorMessage, 9, kBytes, raw),
    HEED_FIELD(TensorMessage, 10, kDoubles, doubles),
    HEED_FIELD(TensorMessage, 11, kIntegers, integers),
    HEED_FIELD(TensorMessage, 13, kAllBytes, external),
    HEED_FIELD(TensorMessage, 14, kInteger, data_location),
};

constexpr Field kEntryFields[] = {
    HEED_FIELD(EntryMessage, 1, kBytes, key),
    HEED_FIELD(EntryMessage, 2, kBytes, value),
};

constexpr Field kAttributeFields[] = {
    HEED_FIELD(AttributeMessage, 1, kBytes, name),
    HEED_FIELD(AttributeMessage, 2, kReal, real),
    HEED_FIELD(AttributeMessage, 3, kInteger, integer),
    HEED_FIELD(AttributeMessage, 4, kBytes, text),
    HEED_FIELD(AttributeMessage, 5, kBytes, tensor),
    HEED_FIELD(AttributeMessage, 6, kBytes, graph),
    HEED_FIELD(AttributeMessage, 7, kReals, reals),
    HEED_FIELD(AttributeMessage, 8, kIntegers, integers),
    HEED_FIELD(AttributeMessage, 9, kAllBytes, texts),
    HEED_FIELD(AttributeMessage, 20, kInteger, type),
};

constexpr Field kNodeFields[] = {
    HEED_FIELD(NodeMessage, 1, kAllBytes, inputs),
    HEED_FIELD(NodeMessage, 2, kAllBytes, outputs),
    HEED_FIELD(NodeMessage, 3, kBytes, name),
    HEED_FIELD(NodeMessage, 4, kBytes, op_type),
    HEED_FIELD(NodeMessage, 5, kAllBytes, attributes),
    HEED_FIELD(NodeMessage, 7, kBytes, domain),
};

// A value's name and type; the type's tensor_type; its elements' type and shape; the shape's dims.
constexpr Field kValueFields[] = {
    HEED_FIELD(ValueMessage, 1, kBytes, name),
    HEED_FIELD(ValueMessage, 2, kBytes, type),
};
constexpr Field kTypeFields[] = {HEED_FIELD(ValueMessage, 1, kBytes, tensor_type)};
constexpr Field kTensorTypeFields[] = {
    HEED_FIELD(ValueMessage, 1, kInteger, element_type),
    HEED_FIELD(ValueMessage, 2, kBytes, shape),
};
constexpr Field kShapeFields[] = {HEED_FIELD(ValueMessage, 1, kAllBytes, dims)};

constexpr Field kDimensionFields[] = {
    HEED_FIELD(DimensionMessage, 1, kInteger, extent),
    HEED_FIELD(DimensionMessage, 2, kBytes, name),
};

// A graph's messages before they are read.
struct GraphParts {
  std::vector<std::string_view> nodes;
  std::vector<std::string_view> initializers;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::string_view sparse_initializer;
};

constexpr Field kGraphFields[] = {
    HEED_FIELD(GraphParts, 1, kAllBytes, nodes),
    HEED_FIELD(GraphParts, 5, kAllBytes, initializers),
    HEED_FIELD(GraphParts, 11, kAllBytes, inputs),
    HEED_FIELD(GraphParts, 12, kAllBytes, outputs),
    HEED_FIELD(GraphParts, 15, kBytes, sparse_initializer),
};

constexpr Field kOperatorSetFields[] = {
    HEED_FIELD(OperatorSet, 1, kBytes, domain),
    HEED_FIELD(OperatorSet, 2, kInteger, version),
};

constexpr Field kFunctionFields[] = {
    HEED_FIELD(FunctionMessage, 1, kBytes, name),
    HEED_FIELD(FunctionMessage, 10, kBytes, domain),
};

constexpr Field kModelFields[] = {
    HEED_FIELD(ModelMessage, 7, kBytes, graph),
    HEED_FIELD(ModelMessage, 8, kAllBytes, operator_sets),
    HEED_FIELD(ModelMessage, 25, kAllBytes, functions),
};

#undef HEED_FIELD

// ONNX's own domain has two spellings.
void normalize_domain(std::string_view& domain) {
  if (domain == "ai.onnx") domain = {};
}

Status read_node(Trail& trail, std::string_view bytes, NodeMessage& node) {
  HEED_TRY(read_fields(trail, bytes, kNodeFields, &node));
  normalize_domain(node.domain);
  return {};
}

Status read_value(Trail& trail, std::string_view bytes, ValueMessage& value) {
  HEED_TRY(read_fields(trail, bytes, kValueFields, &value));
  HEED_TRY(read_fields(trail, value.type, kTypeFields, &value));
  HEED_TRY(read_fields(trail, value.tensor_type, kTensorTypeFields, &value));
  return read_fields(trail, value.shape, kShapeFields, &value);
}

template <class T>
Status read_all(Trail& trail, const char* field, std::span<const std::string_view> parts,
                Status (*read)(Trail&, std::string_view, T&), std::vector<T>& out) {
  out = std::vector<T>(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    const Trail::Step step(trail, field, static_cast<int64_t>(i));
    HEED_TRY(read(trail, parts[i], out[i]));
  }
  return {};
}

}  // namespace

Status read_tensor(Trail& trail, std::string_view bytes, TensorMessage& tensor) {
  return read_fields(trail, bytes, kTensorFields, &tensor);
}

Status read_entry(Trail& trail, std::string_view bytes, EntryMessage& entry) {
  return read_fields(trail, bytes, kEntryFields, &entry);
}

Status read_attribute(Trail& trail, std::string_view bytes, AttributeMessage& attribute) {
  uint32_t seen = 0;
  HEED_TRY(read_fields(trail, bytes, kAttributeFields, &attribute, &seen));
  if (attribute.type != kAttributeUndefined) return {};
  // Fields 2 to 9 have the values of types 1 to 8.
  for (int type = kAttributeFloat; type <= kAttributeStrings; ++type) {
    if ((seen >> (type + 1) & 1) != 0) attribute.type = type;
  }
  return {};
}

Status read_dimension(Trail& trail, std::string_view bytes, DimensionMessage& dimension) {
  HEED_TRY(read_fields(trail, bytes, kDimensionFields, &dimension));
  if (dimension.extent < 0) dimension.extent = -1;
  return {};
}

Status read_graph(Trail& trail, std::string_view bytes, GraphMessage& graph) {
  GraphParts parts;
  HEED_TRY(read_fields(trail, bytes, kGraphFields, &parts));
  graph.initializers = std::move(parts.initializers);
  graph.sparse_initializers = parts.sparse_initializer.data() != nullptr;
  HEED_TRY(read_all(trail, "node", parts.nodes, read_node, graph.nodes));
  HEED_TRY(read_all(trail, "input", parts.inputs, read_value, graph.inputs));
  return read_all(trail, "output", parts.outputs, read_value, graph.outputs);
}

Status read_operator_set(Trail& trail, std::string_view bytes, OperatorSet& set) {
  HEED_TRY(read_fields(trail, bytes, kOperatorSetFields, &set));
  normalize_domain(set.domain);
  return {};
}

Status read_function(Trail& trail, std::string_view bytes, FunctionMessage& function) {
  return read_fields(trail, bytes, kFunctionFields, &function);
}

Status read_model(Trail& trail, std::string_view bytes, ModelMessage& model) {
  return read_fields(trail, bytes, kModelFields, &model);
}

}  // namespace heed::onnx

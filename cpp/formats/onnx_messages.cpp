#include "formats/onnx_messages.h"

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

void read_external_entry(Trail& trail, std::string_view bytes, TensorMessage& tensor) {
  std::string_view key, value;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        key = message.bytes();
        break;
      case 2:
        value = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  if (key == "location") tensor.location = value;
  if (key == "offset") tensor.offset = value;
  if (key == "length") tensor.length = value;
}

DimensionMessage read_dimension(Trail& trail, std::string_view bytes) {
  DimensionMessage dimension;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        dimension.extent = message.integer();
        break;
      case 2:
        dimension.name = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  if (dimension.extent < 0) dimension.extent = -1;
  return dimension;
}

void read_tensor_type(Trail& trail, std::string_view bytes, ValueMessage& value) {
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        value.type = message.integer();
        break;
      case 2: {
        value.ranked = true;
        Message shape(trail, message.bytes());
        while (shape.next()) {
          if (shape.field() == 1) {
            value.dims.push_back(read_dimension(trail, shape.bytes()));
          } else {
            shape.skip();
          }
        }
        break;
      }
      default:
        message.skip();
    }
  }
}

ValueMessage read_value(Trail& trail, std::string_view bytes) {
  ValueMessage value;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        value.name = message.bytes();
        break;
      case 2: {
        value.typed = true;
        Message type(trail, message.bytes());
        while (type.next()) {
          if (type.field() == 1) {
            value.tensor = true;
            read_tensor_type(trail, type.bytes(), value);
          } else {
            type.skip();
          }
        }
        break;
      }
      default:
        message.skip();
    }
  }
  return value;
}

NodeMessage read_node(Trail& trail, std::string_view bytes) {
  NodeMessage node;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        node.inputs.push_back(message.bytes());
        break;
      case 2:
        node.outputs.push_back(message.bytes());
        break;
      case 3:
        node.name = message.bytes();
        break;
      case 4:
        node.op_type = message.bytes();
        break;
      case 5:
        node.attributes.push_back(message.bytes());
        break;
      case 7:
        node.domain = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  if (node.domain == "ai.onnx") node.domain = "";
  return node;
}

OperatorSet read_operator_set(Trail& trail, std::string_view bytes) {
  OperatorSet set;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        set.domain = message.bytes();
        break;
      case 2:
        set.version = message.integer();
        break;
      default:
        message.skip();
    }
  }
  if (set.domain == "ai.onnx") set.domain = "";
  return set;
}

FunctionMessage read_function(Trail& trail, std::string_view bytes) {
  FunctionMessage function;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        function.name = message.bytes();
        break;
      case 10:
        function.domain = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  return function;
}

}  // namespace

TensorMessage read_tensor(Trail& trail, std::string_view bytes) {
  TensorMessage tensor;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        message.append(tensor.dims);
        break;
      case 2:
        tensor.type = message.integer();
        break;
      case 3:
        tensor.segmented = true;
        message.skip();
        break;
      case 4:
        message.append(tensor.floats);
        break;
      case 5:
      case 7:
      case 11:
        message.append(tensor.integers);
        break;
      case 8:
        tensor.name = message.bytes();
        break;
      case 9:
        tensor.raw = message.bytes();
        break;
      case 10:
        message.append(tensor.doubles);
        break;
      case 13:
        read_external_entry(trail, message.bytes(), tensor);
        break;
      case 14:
        tensor.external = message.integer() == 1;
        break;
      default:
        message.skip();
    }
  }
  return tensor;
}

AttributeMessage read_attribute(Trail& trail, std::string_view bytes) {
  AttributeMessage attribute;
  int64_t present = kAttributeUndefined;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1:
        attribute.name = message.bytes();
        break;
      case 2:
        attribute.real = message.real();
        present = kAttributeFloat;
        break;
      case 3:
        attribute.integer = message.integer();
        present = kAttributeInt;
        break;
      case 4:
        attribute.text = message.bytes();
        present = kAttributeString;
        break;
      case 5:
        attribute.tensor = message.bytes();
        present = kAttributeTensor;
        break;
      case 6:
        attribute.graph = message.bytes();
        present = kAttributeGraph;
        break;
      case 7:
        message.append(attribute.reals);
        present = kAttributeFloats;
        break;
      case 8:
        message.append(attribute.integers);
        present = kAttributeInts;
        break;
      case 9:
        attribute.texts.push_back(message.bytes());
        present = kAttributeStrings;
        break;
      case 20:
        attribute.type = message.integer();
        break;
      default:
        message.skip();
    }
  }
  if (attribute.type == kAttributeUndefined) attribute.type = present;
  return attribute;
}

GraphMessage read_graph(Trail& trail, std::string_view bytes) {
  GraphMessage graph;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 1: {
        const Trail::Step step(trail, "node", static_cast<int64_t>(graph.nodes.size()));
        graph.nodes.push_back(read_node(trail, message.bytes()));
        break;
      }
      case 5:
        graph.initializers.push_back(message.bytes());
        break;
      case 11: {
        const Trail::Step step(trail, "input", static_cast<int64_t>(graph.inputs.size()));
        graph.inputs.push_back(read_value(trail, message.bytes()));
        break;
      }
      case 12: {
        const Trail::Step step(trail, "output", static_cast<int64_t>(graph.outputs.size()));
        graph.outputs.push_back(read_value(trail, message.bytes()));
        break;
      }
      case 15:
        graph.sparse_initializers = true;
        message.skip();
        break;
      default:
        message.skip();
    }
  }
  return graph;
}

ModelMessage read_model(Trail& trail, std::string_view bytes) {
  ModelMessage model;
  for (Message message(trail, bytes); message.next();) {
    switch (message.field()) {
      case 7:
        model.has_graph = true;
        model.graph = message.bytes();
        break;
      case 8:
        model.operator_sets.push_back(read_operator_set(trail, message.bytes()));
        break;
      case 25:
        model.functions.push_back(read_function(trail, message.bytes()));
        break;
      default:
        message.skip();
    }
  }
  return model;
}

}  // namespace heed::onnx

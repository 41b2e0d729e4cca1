// What an ONNX file says, message by message, before anything is checked or converted. The
// structures mirror the messages of onnx.proto
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); names and bytes are views into the
// file. What heed does not use (documentation strings, training, quantisation annotations) is
// skipped.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "formats/protobuf.h"

namespace heed::onnx {

// TensorProto.DataType
enum ElementType : int64_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBoolean = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
};

// "float16"; "type 23" for those that heed does not know.
std::string element_type_name(int64_t type);

// Each read function gives the error of read_fields.

struct TensorMessage {
  std::string_view name;
  int64_t type = kUndefined;
  std::vector<int64_t> dims;
  // One of these has the elements.
  std::string_view raw;
  std::vector<float> floats;
  std::vector<int64_t> integers;  // int32_data, int64_data or uint64_data
  std::vector<double> doubles;
  // Elements in another file.
  int64_t data_location = 0;
  std::vector<std::string_view> external;  // StringStringEntryProtos
  std::string_view segment;

  bool is_external() const { return data_location == 1; }
  bool is_segmented() const { return segment.data() != nullptr; }
};
Status read_tensor(Trail& trail, std::string_view bytes, TensorMessage& tensor);

struct EntryMessage {
  std::string_view key;
  std::string_view value;
};
Status read_entry(Trail& trail, std::string_view bytes, EntryMessage& entry);

// AttributeProto.AttributeType, as far as it is used.
enum AttributeType : int64_t {
  kAttributeUndefined = 0,
  kAttributeFloat = 1,
  kAttributeInt = 2,
  kAttributeString = 3,
  kAttributeTensor = 4,
  kAttributeGraph = 5,
  kAttributeFloats = 6,
  kAttributeInts = 7,
  kAttributeStrings = 8,
};

struct AttributeMessage {
  std::string_view name;
  int64_t type =
      kAttributeUndefined;  // files of early versions leave it out: then what is there decides
  float real = 0;
  int64_t integer = 0;
  std::string_view text;
  std::string_view tensor;  // a TensorProto
  std::string_view graph;   // a GraphProto
  std::vector<float> reals;
  std::vector<int64_t> integers;
  std::vector<std::string_view> texts;
};

Status read_attribute(Trail& trail, std::string_view bytes, AttributeMessage& attribute);

struct NodeMessage {
  std::string_view name;
  std::string_view op_type;
  std::string_view domain;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<std::string_view> attributes;  // AttributeProtos

  // What the file or, failing that, its first output calls it.
  std::string_view title() const;
};

// A ValueInfoProto with the parts of its type that matter. What was not there has no data().
struct ValueMessage {
  std::string_view name;
  std::string_view type;
  std::string_view tensor_type;
  int64_t element_type = kUndefined;
  std::string_view shape;
  std::vector<std::string_view> dims;  // TensorShapeProto.Dimensions

  bool is_typed() const { return type.data() != nullptr; }
  bool is_tensor() const { return tensor_type.data() != nullptr; }
  bool is_ranked() const { return shape.data() != nullptr; }
};

struct DimensionMessage {
  int64_t extent = -1;
  std::string_view name;
};
Status read_dimension(Trail& trail, std::string_view bytes, DimensionMessage& dimension);

struct GraphMessage {
  std::vector<NodeMessage> nodes;
  std::vector<std::string_view> initializers;  // TensorProtos
  std::vector<ValueMessage> inputs;
  std::vector<ValueMessage> outputs;
  bool sparse_initializers = false;
};
Status read_graph(Trail& trail, std::string_view bytes, GraphMessage& graph);

struct OperatorSet {
  std::string_view domain;
  int64_t version = 0;
};
Status read_operator_set(Trail& trail, std::string_view bytes, OperatorSet& set);

struct FunctionMessage {
  std::string_view domain;
  std::string_view name;
};
Status read_function(Trail& trail, std::string_view bytes, FunctionMessage& function);

struct ModelMessage {
  std::string_view graph;                       // a GraphProto; no data() when there is none
  std::vector<std::string_view> operator_sets;  // OperatorSetIdProtos
  std::vector<std::string_view> functions;      // FunctionProtos
};
Status read_model(Trail& trail, std::string_view bytes, ModelMessage& model);

}  // namespace heed::onnx

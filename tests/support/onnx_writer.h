// ONNX files for tests, field by field, so that tests can write what no exporter would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed::test {

// A protobuf message. Nothing is checked: any field may come twice, in any order, or not at all.
class Proto {
 public:
  Proto& integer(uint32_t field, int64_t value);
  Proto& real(uint32_t field, float value);
  Proto& bytes(uint32_t field, std::string_view value);
  Proto& message(uint32_t field, const Proto& value) { return bytes(field, value.data()); }
  Proto& packed_integers(uint32_t field, std::initializer_list<int64_t> values);
  Proto& packed_floats(uint32_t field, std::initializer_list<float> values);
  const std::string& data() const { return data_; }

 private:
  std::string data_;
};

// TensorProto.DataType
inline constexpr int kOnnxFloat = 1, kOnnxUint8 = 2, kOnnxInt32 = 6, kOnnxInt64 = 7,
                     kOnnxString = 8, kOnnxBool = 9, kOnnxFloat16 = 10, kOnnxDouble = 11,
                     kOnnxUint32 = 12, kOnnxUint64 = 13, kOnnxBfloat16 = 16;

// A TensorProto with raw_data.
Proto raw_tensor(std::string_view name, int type, std::initializer_list<int64_t> dims,
                 std::string_view raw);
template <class T>
Proto raw_tensor(std::string_view name, int type, std::initializer_list<int64_t> dims,
                 const std::vector<T>& values) {
  return raw_tensor(
      name, type, dims,
      std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
}

// A ValueInfoProto of a tensor. A negative dimension becomes a symbolic one, "d" and its number.
Proto tensor_value(std::string_view name, int type, std::initializer_list<int64_t> dims);

// AttributeProtos.
Proto integer_attribute(std::string_view name, int64_t value);
Proto integers_attribute(std::string_view name, std::initializer_list<int64_t> values);
Proto tensor_attribute(std::string_view name, const Proto& tensor);
Proto graph_attribute(std::string_view name, const Proto& graph);

// A NodeProto.
Proto node(std::string_view op, std::initializer_list<std::string_view> inputs,
           std::initializer_list<std::string_view> outputs,
           std::initializer_list<Proto> attributes = {}, std::string_view domain = "",
           std::string_view name = "");

// A GraphProto: graph().message(kGraphNode, node(...)).message(kGraphInput, ...)
inline constexpr uint32_t kGraphNode = 1, kGraphInitializer = 5, kGraphInput = 11,
                          kGraphOutput = 12, kGraphSparseInitializer = 15;

// A ModelProto with IR version 8.
Proto model(const Proto& graph, int opset = 17);

std::span<const std::byte> as_bytes(std::string_view text);

}  // namespace heed::test

#include "support/onnx_writer.h"

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_writer.hpp>

namespace heed::test {

Proto& Proto::integer(uint32_t field, int64_t value) {
  protozero::pbf_writer(data_).add_int64(field, value);
  return *this;
}

Proto& Proto::real(uint32_t field, float value) {
  protozero::pbf_writer(data_).add_float(field, value);
  return *this;
}

Proto& Proto::bytes(uint32_t field, std::string_view value) {
  protozero::pbf_writer(data_).add_bytes(field, value.data(), value.size());
  return *this;
}

Proto& Proto::packed_integers(uint32_t field, std::initializer_list<int64_t> values) {
  protozero::pbf_writer(data_).add_packed_int64(field, values.begin(), values.end());
  return *this;
}

Proto& Proto::packed_floats(uint32_t field, std::initializer_list<float> values) {
  protozero::pbf_writer(data_).add_packed_float(field, values.begin(), values.end());
  return *this;
}

Proto raw_tensor(std::string_view name, int type, std::initializer_list<int64_t> dims,
                 std::string_view raw) {
  Proto tensor;
  for (int64_t dim : dims) tensor.integer(1, dim);
  return tensor.integer(2, type).bytes(8, name).bytes(9, raw);
}

Proto tensor_value(std::string_view name, int type, std::initializer_list<int64_t> dims) {
  Proto shape;
  int number = 0;
  for (int64_t dim : dims) {
    Proto dimension;
    if (dim >= 0) {
      dimension.integer(1, dim);
    } else {
      dimension.bytes(2, "d" + std::to_string(number));
    }
    shape.message(1, dimension);
    ++number;
  }
  return Proto().bytes(1, name).message(
      2, Proto().message(1, Proto().integer(1, type).message(2, shape)));
}

Proto integer_attribute(std::string_view name, int64_t value) {
  return Proto().bytes(1, name).integer(3, value).integer(20, 2);
}

Proto integers_attribute(std::string_view name, std::initializer_list<int64_t> values) {
  Proto attribute;
  attribute.bytes(1, name);
  for (int64_t value : values) attribute.integer(8, value);
  return attribute.integer(20, 7);
}

Proto tensor_attribute(std::string_view name, const Proto& tensor) {
  return Proto().bytes(1, name).message(5, tensor).integer(20, 4);
}

Proto graph_attribute(std::string_view name, const Proto& graph) {
  return Proto().bytes(1, name).message(6, graph).integer(20, 5);
}

Proto node(std::string_view op, std::initializer_list<std::string_view> inputs,
           std::initializer_list<std::string_view> outputs, std::initializer_list<Proto> attributes,
           std::string_view domain, std::string_view name) {
  Proto node;
  for (std::string_view input : inputs) node.bytes(1, input);
  for (std::string_view output : outputs) node.bytes(2, output);
  if (!name.empty()) node.bytes(3, name);
  node.bytes(4, op);
  for (const Proto& attribute : attributes) node.message(5, attribute);
  if (!domain.empty()) node.bytes(7, domain);
  return node;
}

Proto model(const Proto& graph, int opset) {
  return Proto().integer(1, 8).message(7, graph).message(8, Proto().bytes(1, "").integer(2, opset));
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace heed::test

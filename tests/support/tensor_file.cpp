#include "support/tensor_file.h"

#include <cstdio>
#include <string_view>

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_reader.hpp>

namespace heed::test {

std::vector<std::byte> read_file(const std::string& path) {
  std::vector<std::byte> bytes;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return bytes;
  std::byte buffer[65536];
  while (const size_t count = std::fread(buffer, 1, sizeof buffer, file))
    bytes.insert(bytes.end(), buffer, buffer + count);
  std::fclose(file);
  return bytes;
}

namespace {

template <class T>
void push(std::vector<std::byte>& data, T value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  data.insert(data.end(), bytes, bytes + sizeof value);
}

// What int32_data or int64_data hold, as elements of the type.
void push_integer(std::vector<std::byte>& data, DType dtype, int64_t value) {
  switch (byte_size(dtype)) {
    case 1:
      push(data, static_cast<uint8_t>(value));
      break;
    case 2:
      push(data, static_cast<uint16_t>(value));
      break;
    case 4:
      push(data, static_cast<int32_t>(value));
      break;
    default:
      push(data, value);
  }
}

// Elements of float64 as float32.
std::vector<std::byte> narrowed(const std::vector<std::byte>& wide) {
  std::vector<std::byte> data;
  for (size_t i = 0; i + sizeof(double) <= wide.size(); i += sizeof(double)) {
    double value;
    std::memcpy(&value, wide.data() + i, sizeof value);
    push(data, static_cast<float>(value));
  }
  return data;
}

}  // namespace

Result<HostTensor> read_tensor_file(const std::string& path) {
  const std::vector<std::byte> file = read_file(path);
  protozero::pbf_reader reader(reinterpret_cast<const char*>(file.data()), file.size());
  HostTensor tensor;
  std::vector<int64_t> dims;
  std::vector<int64_t> integers;
  int64_t type = 0;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        if (reader.wire_type() == protozero::pbf_wire_type::varint) {
          dims.push_back(reader.get_int64());
        } else {
          for (int64_t dim : reader.get_packed_int64()) dims.push_back(dim);
        }
        break;
      case 2:
        type = reader.get_int64();
        break;
      case 4:
        for (float value : reader.get_packed_float()) push(tensor.data, value);
        break;
      case 5:
      case 7:
        for (int64_t value : reader.get_packed_int64()) integers.push_back(value);
        break;
      case 8:
        tensor.name = reader.get_string();
        break;
      case 9: {
        const auto raw = reader.get_view();
        const auto* bytes = reinterpret_cast<const std::byte*>(raw.data());
        tensor.data.assign(bytes, bytes + raw.size());
        break;
      }
      case 10:
        for (double value : reader.get_packed_double()) push(tensor.data, value);
        break;
      default:
        reader.skip();
    }
  }
  switch (type) {
    case 1:
      tensor.dtype = DType::kF32;
      break;
    case 2:
      tensor.dtype = DType::kU8;
      break;
    case 3:
      tensor.dtype = DType::kI8;
      break;
    case 6:
      tensor.dtype = DType::kI32;
      break;
    case 7:
      tensor.dtype = DType::kI64;
      break;
    case 9:
      tensor.dtype = DType::kBool;
      break;
    case 10:
      tensor.dtype = DType::kF16;
      break;
    case 11:
      tensor.dtype = DType::kF32;
      tensor.data = narrowed(tensor.data);
      break;
    default:
      return error(Code::kUnsupportedType, path, " has elements of type ", type);
  }
  for (int64_t value : integers) push_integer(tensor.data, tensor.dtype, value);
  const Result<Shape> shape = Shape::make(dims);
  if (!shape.ok()) return shape.status();
  tensor.shape = shape.value();
  if (tensor.data.size() != static_cast<size_t>(tensor.shape.count()) * byte_size(tensor.dtype)) {
    return error(Code::kInvalidFile, path, " has another number of elements than its shape");
  }
  return tensor;
}

}  // namespace heed::test

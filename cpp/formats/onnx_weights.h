// TensorProtos to constants.
#pragma once

#include "formats/onnx.h"
#include "formats/onnx_messages.h"

namespace heed::onnx {

// The type that a tensor of that element type has in the graph: float16, bfloat16 and float64
// become float32; 16-bit integers become int32, wider ones int64. An error for all others.
Result<DType> stored_type(int64_t type);

class Weights {
 public:
  Weights(std::span<const std::byte> file, std::shared_ptr<const void> owner,
          const OnnxOptions& options)
      : file_(file), owner_(std::move(owner)), options_(options) {}

  // The tensor's elements; null when they are in an external file that was not given (see
  // missing_files). Errors do not name the tensor.
  Result<ConstantPtr> constant(const TensorMessage& tensor);

  // The locations of the external files that were asked for and not given.
  const std::vector<std::string>& missing_files() const { return missing_files_; }

 private:
  struct Bytes {
    std::string_view bytes;
    const char* end_of_file = nullptr;
    std::shared_ptr<const void> owner;
    bool movable = false;
    bool missing = false;  // the file was not given
  };
  Result<Bytes> external_bytes(const TensorMessage& tensor);
  Result<ConstantPtr> from_bytes(const TensorMessage& tensor, const Shape& shape, Bytes source);
  const std::byte* aligned(const Bytes& source, size_t alignment) const;

  std::span<const std::byte> file_;
  std::shared_ptr<const void> owner_;
  const OnnxOptions& options_;
  std::vector<std::string> missing_files_;
};

}  // namespace heed::onnx

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
  Weights(Trail& trail, std::span<const std::byte> file, std::shared_ptr<const void> owner,
          const OnnxOptions& options)
      : trail_(trail), file_(file), owner_(std::move(owner)), options_(options) {}

  // Makes a constant of the tensor's elements; null when they are in an external file that was not
  // given (see missing_files). Errors do not name the tensor.
  Status read(const TensorMessage& tensor, ConstantPtr& constant);

  // The locations of the external files that were asked for and not given.
  const std::vector<std::string>& missing_files() const { return missing_files_; }

 private:
  // Where a tensor's elements are.
  struct Bytes {
    std::string_view bytes;
    size_t element = 0;  // the size of one of them
    const char* end_of_file = nullptr;
    const std::shared_ptr<const void>* owner = nullptr;
    bool movable = false;
    bool missing = false;  // the file was not given
  };
  Status external_bytes(const TensorMessage& tensor, Bytes& source);
  const std::byte* aligned(const Bytes& source, size_t alignment) const;

  Trail& trail_;
  std::span<const std::byte> file_;
  std::shared_ptr<const void> owner_;
  const OnnxOptions& options_;
  std::vector<std::string> missing_files_;
};

}  // namespace heed::onnx

// Weights in the form in which kernels read them, made once and shared by all plans of a session.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "graph/graph.h"

namespace heed {

// 64-byte aligned memory that is freed with its owner.
class AlignedMemory {
 public:
  AlignedMemory() = default;
  // Null data() when there is not enough memory.
  explicit AlignedMemory(size_t bytes);
  std::byte* data() const { return data_.get(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t bytes_ = 0;
};

// Whether a node reads a weight in this form whatever its other inputs' shapes are: then the plain
// weight is not needed any more.
enum class PackedForm : uint8_t { kOnly, kOneOfSeveral };

class WeightCache {
 public:
  // The packing `key` of weight `tensor`; `fill` makes it the first time. Null when there is not
  // enough memory.
  const std::byte* get(TensorId tensor, std::string_view key, size_t bytes, PackedForm form,
                       FunctionRef<void(std::byte*)> fill);
  size_t bytes() const { return bytes_; }
  // Whether that weight exists in a form that replaces the plain one for its reader.
  bool replaces(TensorId tensor) const;

 private:
  struct Entry {
    TensorId tensor;
    std::string key;
    PackedForm form;
    AlignedMemory memory;
  };
  std::vector<Entry> entries_;
  size_t bytes_ = 0;
};

}  // namespace heed

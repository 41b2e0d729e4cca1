// The tensors of a graph by their names in the file.
#pragma once

#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace heed::onnx {

// A hash table with open addressing; the names are views into the file. (std::unordered_map would
// be three kilobytes of code.)
class NameTable {
 public:
  // False when the name is there already.
  bool insert(std::string_view name, TensorId id);
  // kNoTensor when there is no such name.
  TensorId find(std::string_view name) const { return slots_.empty() ? kNoTensor : at(name).id; }
  size_t size() const { return size_; }

 private:
  struct Slot {
    std::string_view name;
    TensorId id = kNoTensor;
  };
  // The slot of that name, or the free one where it would go.
  const Slot& at(std::string_view name) const;

  std::vector<Slot> slots_;  // a power of two, less than three quarters of them taken
  size_t size_ = 0;
};

}  // namespace heed::onnx

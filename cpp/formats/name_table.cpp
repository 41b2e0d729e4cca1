#include "formats/name_table.h"

#include <utility>

namespace heed::onnx {

const NameTable::Slot& NameTable::at(std::string_view name) const {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  size_t index = hash ^ hash >> 15;
  for (;; ++index) {
    const Slot& slot = slots_[index & (slots_.size() - 1)];
    if (slot.id == kNoTensor || slot.name == name) return slot;
  }
}

bool NameTable::insert(std::string_view name, TensorId id) {
  if (4 * size_ >= 3 * slots_.size()) {
    std::vector<Slot> old(slots_.empty() ? 64 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id != kNoTensor) const_cast<Slot&>(at(slot.name)) = slot;
    }
  }
  Slot& slot = const_cast<Slot&>(at(name));
  if (slot.id != kNoTensor) return false;
  slot = {name, id};
  ++size_;
  return true;
}

}  // namespace heed::onnx

#include "graph/weight_cache.h"

#include <cstdlib>

namespace heed {

AlignedMemory::AlignedMemory(size_t bytes) {
  constexpr size_t kAlignment = 64;
  if (bytes > SIZE_MAX - 2 * kAlignment) return;
  // At least one block, so that an empty buffer has an address; a multiple of the alignment, as
  // aligned_alloc asks.
  const size_t rounded = (bytes + kAlignment) & ~(kAlignment - 1);
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
  if (data_) bytes_ = bytes;
}

void AlignedMemory::Free::operator()(std::byte* p) const { std::free(p); }

const std::byte* WeightCache::get(TensorId tensor, std::string_view key, size_t bytes,
                                  PackedForm form, FunctionRef<void(std::byte*)> fill) {
  for (const Entry& entry : entries_) {
    if (entry.tensor == tensor && entry.key == key) return entry.memory.data();
  }
  AlignedMemory memory(bytes);
  if (!memory.data()) return nullptr;
  fill(memory.data());
  bytes_ += bytes;
  entries_.push_back({tensor, std::string(key), form, std::move(memory)});
  return entries_.back().memory.data();
}

bool WeightCache::replaces(TensorId tensor) const {
  for (const Entry& entry : entries_) {
    if (entry.tensor == tensor && entry.form == PackedForm::kOnly) return true;
  }
  return false;
}

}  // namespace heed

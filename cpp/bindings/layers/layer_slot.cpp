// What a slot does for layers.
#include "base/sort.h"
#include "bindings/layers/description.h"
#include "bindings/slot.h"
#include "formats/safetensors.h"

namespace heed {

Status Slot::add_weights() {
  File& file = files_.front();
  const std::span<const std::byte> bytes(file.bytes.get(), file.size);
  std::shared_ptr<const void> owner(std::move(file.bytes));
  files_.clear();
  Result<NamedWeights> read = read_safetensors(bytes, std::move(owner));
  if (!read.ok()) return read.status();
  for (NamedWeight& weight : read.value()) weights_.push_back(std::move(weight));
  sort_weights();
  return {};
}

void Slot::adopt(const Slot& other, std::string_view prefix) {
  for (const NamedWeight& weight : other.weights_) {
    weights_.push_back({join(prefix, weight.name), weight.value});
  }
  sort_weights();
}

void Slot::sort_weights() {
  heap_sort(weights_, [](const NamedWeight& a, const NamedWeight& b) { return a.name < b.name; });
}

Status Slot::build(std::span<const int32_t> words, const Slot* weights) {
  Result<Graph> graph = build_described(words, weights ? &weights->weights_ : nullptr);
  if (!graph.ok()) return graph.status();
  return make_session(std::move(graph.value()), false);
}

}  // namespace heed

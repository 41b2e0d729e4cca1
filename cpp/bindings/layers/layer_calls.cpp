#include "bindings/layers/layer_calls.h"

#include "attention/recipe.h"
#include "bindings/calls.h"
#include "bindings/slot.h"
#include "formats/safetensors.h"

namespace heed {

// The others are handed over by the package's JavaScript.
std::span<const char* const> attention::built_in_recipes() {
  static constexpr const char* kTexts[] = {
#include "engine_recipes.inc"
  };
  return kTexts;
}

namespace calls {

int add_recipes(int bytes) {
  // Never freed: what they define points into them.
  attention::add_recipes((new std::string(name_of(bytes)))->c_str());
  return 0;
}

int add_weights(int handle) {
  return guarded([&] { return slot_of(handle).add_weights(); });
}

int adopt(int handle, int other, int prefix_bytes) {
  slot_of(handle).adopt(slot_of(other), name_of(prefix_bytes));
  return 0;
}

int build(int handle, int weights) {
  const Slot* from = weights ? &slot_of(weights) : nullptr;
  return guarded([&] { return slot_of(handle).build(left_words(), from); });
}

int check_safetensors(int head_bytes, int file_bytes) {
  const std::string_view head = name_of(head_bytes);
  return guarded([&] {
    return heed::check_safetensors({reinterpret_cast<const std::byte*>(head.data()), head.size()},
                                   static_cast<uint32_t>(file_bytes));
  });
}

int cache_length(int handle) { return slot_of(handle).session().cache_length(); }

int truncate_cache(int handle, int length) {
  return guarded([&] { return slot_of(handle).session().truncate_cache(length); });
}

}  // namespace calls

}  // namespace heed

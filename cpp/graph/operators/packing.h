// Weights in the form in which products and convolutions read them.
#pragma once

#include <type_traits>

#include "graph/operator.h"

namespace heed {

// What makes the packed form: `call(body, from, to)`, the body being so many bytes.
struct Packing {
  const void* body;
  size_t bytes;
  void (*call)(const void* body, const float* from, float* to);
};
Buffer pack_weights(Lowering& node, int index, std::string_view key, int64_t count, PackedForm form,
                    const Packing& packing);

// Memory with `count` floats that `fill(from, to)` makes of input `index` (float32, row-major):
// once and shared by all plans when the input is constant, else in scratch memory, by a task in
// front of those that follow. `key` and `form`: see Lowering::packed.
template <class F>
Buffer pack_weights(Lowering& node, int index, std::string_view key, int64_t count, PackedForm form,
                    const F& fill) {
  static_assert(std::is_trivially_copyable_v<F>);
  return pack_weights(node, index, key, count, form,
                      Packing{&fill, sizeof(F), [](const void* body, const float* from, float* to) {
                                (*static_cast<const F*>(body))(from, to);
                              }});
}

}  // namespace heed

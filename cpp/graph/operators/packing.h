// Weights in the form in which products and convolutions read them.
#pragma once

#include <functional>

#include "graph/operator.h"

namespace heed {

// Memory with `count` floats that `fill(from, to)` makes of input `index` (float32, row-major):
// once and shared by all plans when the input is constant, else in scratch memory, by a task in
// front of those that follow. `key` names the form (see Lowering::packed).
Result<Buffer> pack_weights(Lowering& node, int index, std::string_view key, int64_t count,
                            Packing packing, std::function<void(const float*, float*)> fill);

// Scratch memory for so many floats; an error where the address space has not so many.
Result<Buffer> float_scratch(Lowering& node, int64_t count);

}  // namespace heed

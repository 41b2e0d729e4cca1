// Layers and networks as JavaScript describes them; web/src/layers/encode.ts writes the words.
#pragma once

#include <span>

#include "graph/graph.h"
#include "graph/named_weights.h"

namespace heed {

// The graph of what the words describe; see encode.ts. Errors as of attention::build_layer.
Result<Graph> build_described(std::span<const int32_t> words, const NamedWeights* weights);

}  // namespace heed

// Weights by name: what a safetensors file gives and layers take.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace heed {

struct NamedWeight {
  std::string name;
  ConstantPtr value;
};

// Sorted by name, each name once.
using NamedWeights = std::vector<NamedWeight>;

}  // namespace heed

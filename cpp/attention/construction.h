// What all scopes of a graph under construction share. Seen by the builder's own files only.
#pragma once

#include "attention/builder.h"

namespace heed::attention {

struct Construction {
  Graph graph;
  const NamedWeights* weights = nullptr;
  std::vector<uint8_t> used;             // by weight
  std::vector<TensorId> weight_tensors;  // by weight: kNoTensor until somebody asked
  std::string missing, wrong;            // weights, each with ", " in front
  Status status;
  std::shared_ptr<Attributes> attributes;  // of the next node
  size_t numbered = 0;                     // nodes so far
  Extent seed = 0;                         // of the scope's new weights

  // Of a single layer: arguments that nobody gives become the graph's inputs.
  bool open = false;
  std::span<const GivenInput> given;
  std::vector<uint8_t> given_used;
  std::string inputs;  // names of all that the layer could take, each with ", " in front

  void fail(Code code, std::string_view where, std::string_view message) {
    if (status.ok()) status = error(code, where, message);
  }
};

}  // namespace heed::attention

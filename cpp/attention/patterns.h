// What the matchers of several mechanisms read in a graph.
#pragma once

#include <optional>
#include <vector>

#include "graph/editor.h"

namespace heed::attention {

// A full connection y = W x + b as exporters write it: a 1x1 Conv, a Gemm, or a MatMul with a
// constant.
struct FullConnection {
  TensorId input = kNoTensor;
  TensorId weight = kNoTensor;  // as the node has it
  bool transposed = false;      // (in, out) instead of (out, in[, 1, 1])
  TensorId bias = kNoTensor;    // constant, or left out
  Extent in = 0;
  Extent out = 0;
};
std::optional<FullConnection> full_connection(Editor& editor, TensorId output);

// The weight as (out, in): the node's own tensor, or a transposed copy.
TensorId weight_by_rows(Editor& editor, const FullConnection& connection);

// An activation by a node of its own; `input` is what it is applied to.
struct ActivationNode {
  TensorId input = kNoTensor;
  kernels::Activation activation;
};
std::optional<ActivationNode> activation_at(Editor& editor, TensorId output);

// What is known, before shapes are, of an integer tensor that a graph computes (the target of a
// Reshape): exporters concatenate constants and pieces of a Shape. Empty optionals are extents that
// depend on the input; nothing: not even the length is known.
std::optional<std::vector<std::optional<int64_t>>> known_integers(Editor& editor, TensorId tensor);

// The axes of Squeeze, Unsqueeze, ReduceMean: an attribute in older operator sets, an input in
// newer ones.
std::optional<std::vector<int64_t>> axes_of(Editor& editor, const Node& node);

// Whether a Transpose has exactly this permutation.
bool transposes(const Node* node, std::initializer_list<int64_t> permutation);

}  // namespace heed::attention

// The frame of the catalogue. A mechanism is one file pair: it builds itself into a graph from
// weights, and finds itself in a graph that came from a file; both give the same fused steps and
// the same block record.
#pragma once

#include <optional>
#include <string_view>

#include "graph/editor.h"

namespace heed::attention {

// What the catalogue knows of a mechanism.
struct Mechanism {
  std::string_view name;        // "squeeze-excite": Block::mechanism
  std::string_view short_name;  // "se": the first part of Block::id
  // Reads `last` as the node that ends such a block. When it is one, replaces the block by fused
  // steps (the node `last` becomes the step that gives the block's output) and returns its record,
  // without id and mechanism. Else changes nothing.
  std::optional<Block> (*match)(Editor& editor, Node& last);
};

// All mechanisms that can be found in a file, in the order in which they are tried.
std::span<const Mechanism> catalogue();

// Finds every block of the catalogue and records it in graph.blocks. Ids count per mechanism, in
// the order of execution.
void recognize(Graph& graph);

// For mechanisms: the tensor that a new map is, an optional output of a step.
TensorId add_map(Editor& editor, Node& step);

}  // namespace heed::attention

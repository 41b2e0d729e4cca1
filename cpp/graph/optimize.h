// The passes that a graph goes through once, before a session is made of it. They need no shapes.
#pragma once

#include "graph/graph.h"

namespace heed {

struct OptimizeOptions {
  // Recognises attention blocks; called between the two halves, when decomposed activations and
  // norms have become single nodes and before activations move into their producers. Null: none.
  void (*recognize)(Graph&) = nullptr;
};

// Sorts the nodes, folds constants, inlines decided branches, removes no-ops and dead nodes, folds
// batch norms and affine maps into convolutions and products, turns decomposed activations and
// norms into single nodes and moves activations into their producers. Tensors in `outputs` and
// `keep` stay.
Status optimize(Graph& graph, const OptimizeOptions& options = {});

}  // namespace heed

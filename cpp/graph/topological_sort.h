// The order in which nodes can run.
#pragma once

#include "graph/graph.h"

namespace heed {

// Puts every node behind the producers of what it reads; nodes keep their order where that allows
// it. An error (kInvalidGraph) names the nodes of a cycle. Every tensor has at most one producer.
Status sort_nodes(Graph& graph);

}  // namespace heed

#include "graph/optimize.h"

#include "graph/passes/passes.h"

namespace heed {

Status optimize(Graph& graph, const OptimizeOptions& options) {
  HEED_TRY(fold_constants(graph));
  remove_no_ops(graph);
  recognize_activations(graph);
  recognize_layer_norms(graph);
  fold_affine(graph);
  if (options.recognize) options.recognize(graph);
  return {};
}

}  // namespace heed

#include "graph/optimize.h"

#include "graph/editor.h"
#include "graph/passes/passes.h"

namespace heed {

namespace {

// The weights that passes have replaced.
void drop_unread_constants(Graph& graph) {
  const Editor editor(graph);
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    if (editor.uses(static_cast<TensorId>(id)) == 0) graph.tensors[id].constant.reset();
  }
}

}  // namespace

Status optimize(Graph& graph, const OptimizeOptions& options) {
  HEED_TRY(fold_constants(graph));
  remove_no_ops(graph);
  recognize_activations(graph);
  recognize_layer_norms(graph);
  fold_affine(graph);
  if (options.recognize) options.recognize(graph);
  drop_unread_constants(graph);
  return {};
}

}  // namespace heed

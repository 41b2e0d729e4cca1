#include "graph/optimize.h"

#include "graph/passes/passes.h"

namespace heed {

namespace {

// The weights that passes have replaced.
void drop_unread_constants(Graph& graph) {
  std::vector<uint8_t> read(graph.tensors.size(), false);
  const auto mark = [&](TensorId id) {
    if (id != kNoTensor) read[static_cast<size_t>(id)] = true;
  };
  for (const Node& node : graph.nodes) {
    for (TensorId input : node.inputs) mark(input);
    mark(node.residual);
  }
  for (TensorId id : graph.outputs) mark(id);
  for (TensorId id : graph.keep) mark(id);
  for (size_t id = 0; id < read.size(); ++id) {
    if (!read[id]) graph.tensors[id].constant.reset();
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

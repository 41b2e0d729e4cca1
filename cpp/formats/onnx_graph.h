// GraphProtos to graphs: names become tensor ids, and every edge is checked.
#pragma once

#include <unordered_map>

#include "formats/onnx_messages.h"
#include "formats/onnx_weights.h"

namespace heed::onnx {

// What all graphs of a file share.
struct FileContext {
  Trail& trail;
  Weights& weights;
  const ModelMessage& model;
  int version;  // of ONNX's own operator set
};

// How deep branches may contain branches.
inline constexpr int kMaxNesting = 8;

// Fails when a node of the graph, or of a branch in it, has an operator that heed lacks; the
// message names all of them.
Status check_operators(const FileContext& context, const GraphMessage& graph);

class GraphReader {
 public:
  explicit GraphReader(FileContext& context, GraphReader* outer = nullptr)
      : context_(context), outer_(outer), nesting_(outer ? outer->nesting_ + 1 : 0) {}

  // The graph; once only. Reading a branch captures tensors of the graphs around it: they become
  // inputs of its graph.
  Result<Graph> read(const GraphMessage& message);
  // The outer graph's tensors behind those inputs.
  const std::vector<TensorId>& captured() const { return captured_; }

 private:
  Status add_initializers(const GraphMessage& message);
  Status add_inputs(const GraphMessage& message);
  Status add_node_outputs(const GraphMessage& message);
  Status add_node(const NodeMessage& message);
  Status add_constant_node(const NodeMessage& message);
  Status add_outputs(const GraphMessage& message);

  Status read_attributes(const NodeMessage& message, Node& node);
  Status read_branches(const NodeMessage& message, Node& node, Attributes& attributes);
  // A Cast to a type that only exists in storage becomes what that means; see onnx.h.
  Status replace_storage_types(Node& node, Attributes& attributes);

  bool define(std::string_view name, TensorId id) { return ids_.emplace(name, id).second; }
  // The tensor of that name, here or in a graph around; kNoTensor when there is none.
  TensorId resolve(std::string_view name);
  Node make_node(std::string_view op, std::string name, TensorId input, TensorId output) const;
  Node make_cast(std::string name, TensorId input, TensorId output, ElementType to) const;

  FileContext& context_;
  GraphReader* outer_;
  int nesting_;
  Graph graph_;
  std::unordered_map<std::string_view, TensorId> ids_;
  std::vector<TensorId> captured_;
};

}  // namespace heed::onnx

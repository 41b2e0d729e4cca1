// GraphProtos to graphs: names become tensor ids, and every edge is checked.
#pragma once

#include "formats/name_table.h"
#include "formats/onnx_messages.h"
#include "formats/onnx_weights.h"

namespace heed::onnx {

// What all graphs of a file share.
struct FileContext {
  Trail& trail;
  Weights& weights;
  std::span<const FunctionMessage> functions;
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

  // Reads the graph; once only. Reading a branch captures tensors of the graphs around it: they
  // become inputs of its graph.
  Status read(const GraphMessage& message);
  // What was read.
  Graph& graph() { return graph_; }
  // The outer graph's tensors behind the captured inputs.
  const std::vector<TensorId>& captured() const { return captured_; }

 private:
  Status add_initializers(const GraphMessage& message);
  Status add_inputs(const GraphMessage& message);
  Status add_node_outputs(const GraphMessage& message);
  Status add_node(const NodeMessage& message);
  Status add_constant_node(const NodeMessage& message);
  Status add_outputs(const GraphMessage& message);
  Status declare_dims(TensorId id, const ValueMessage& value);

  Status read_attributes(const NodeMessage& message, Node& node);
  Status read_tensor_attribute(const AttributeMessage& attribute, ConstantPtr& constant);
  Status read_branches(const NodeMessage& message, Node& node, Attributes& attributes);
  // A Cast to a type that only exists in storage becomes what that means; see onnx.h.
  void replace_storage_types(Node& node, Attributes& attributes);

  bool define(std::string_view name, TensorId id) { return ids_.insert(name, id); }
  // The tensor of that name, here or in a graph around; kNoTensor when there is none.
  TensorId resolve(std::string_view name);
  // A node that is not in the file: a Cast to that type, or an Identity without one.
  void add_copy(std::string name, TensorId input, TensorId output, ElementType to = kUndefined);

  FileContext& context_;
  GraphReader* outer_;
  int nesting_;
  Graph graph_;
  NameTable ids_;
  std::vector<TensorId> captured_;
};

}  // namespace heed::onnx

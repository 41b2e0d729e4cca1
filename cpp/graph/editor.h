// What passes and matchers use to read and change a graph: who makes a tensor, who reads it, and
// edits that keep that true.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace heed {

// Nodes stay in topological order: an edit puts what replaces a pattern in the place of the
// pattern's last node. Removed nodes disappear when the editor does.
class Editor {
 public:
  explicit Editor(Graph& graph);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  Graph& graph() { return graph_; }
  size_t node_count() const { return graph_.nodes.size(); }
  Node& node(size_t index) { return graph_.nodes[index]; }
  bool alive(size_t index) const { return graph_.nodes[index].op != nullptr; }

  // The node that makes a tensor; null for inputs and constants. Valid until the next insertion.
  Node* producer(TensorId tensor);
  // The same, when it is an ONNX operator of that name.
  Node* producer(TensorId tensor, std::string_view name);
  // The node that alone reads a tensor that nobody asks for: null when there are several readers,
  // none, or the tensor is an output.
  Node* only_reader(TensorId tensor);
  // How many nodes read a tensor; an output or a kept tensor counts as one more.
  int uses(TensorId tensor) const { return uses_[static_cast<size_t>(tensor)]; }

  const Constant* constant(TensorId tensor) const { return graph_.constant(tensor); }
  // The value of a float32 constant of one element.
  std::optional<float> scalar(TensorId tensor) const;
  bool is_scalar(TensorId tensor, float value) const;
  // Of a sum or product with a scalar constant equal to `value`: the other operand, else kNoTensor.
  TensorId other_operand(const Node& node, float value) const;
  // The rank where it is plain from declarations and weights, else -1.
  int rank(TensorId tensor);

  TensorId add_constant(std::string name, ConstantPtr constant);
  TensorId add_tensor(std::string name, DType dtype = DType::kF32);

  // Rewrites a node in place; its outputs stay. Former inputs lose a reader, and what nobody reads
  // any more is removed.
  void replace(Node& node, std::string_view domain, std::string_view op,
               std::vector<TensorId> inputs, std::shared_ptr<const Attributes> attributes);
  // Lets all readers of the node's first output read `tensor` instead and removes the node. False,
  // and nothing changed, when the output is one that somebody asks for.
  bool bypass(Node& node, TensorId tensor);
  void set_input(Node& node, size_t index, TensorId tensor);
  // Removes a node whose outputs have become constants.
  void discard(Node& node);
  // Moves the node's first output to another tensor, whose producer is removed.
  void take_output_of(Node& node, Node& other);

 private:
  size_t index_of(const Node& node) const {
    return static_cast<size_t>(&node - graph_.nodes.data());
  }
  void add_use(TensorId tensor, int change);
  void drop(TensorId tensor);

  Graph& graph_;
  std::vector<int32_t> producer_;  // by tensor
  std::vector<int32_t> uses_;      // by tensor
};

}  // namespace heed

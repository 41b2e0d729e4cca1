// What shape inference of one node sees, and what it says.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace heed {

// The type and shape that a plan found for a tensor, and its value where that is known before the
// run.
struct TensorInfo {
  DType dtype = DType::kF32;
  Shape shape;
  ConstantPtr value;
  bool known = false;
};

class Inference {
 public:
  Inference(const Node& node, std::span<const TensorInfo> tensors);

  const Node& node() const { return node_; }
  const Attributes& attributes() const { return *node_.attributes; }
  int version() const { return node_.version; }

  int input_count() const { return static_cast<int>(node_.inputs.size()); }
  int output_count() const { return static_cast<int>(node_.outputs.size()); }
  // Whether the input is given (optional inputs may be left out).
  bool has(int input) const;
  DType dtype(int input) const;
  const Shape& shape(int input) const;

  // The value of an input when it is known, else null. For what only *may* help.
  const Constant* value(int input) const;

  // The value of an input that the output's shape depends on. When it is not known yet, the error
  // makes the plan stop in front of this node and go on when the value has been computed: return it
  // unchanged.
  Result<const Constant*> required(int input);
  // The same, as integers (from int64 or int32).
  Result<std::vector<int64_t>> required_integers(int input);

  // Sets an output's type and shape. Outputs that are left out by the node may be set too.
  void set(int output, DType dtype, const Shape& shape);
  // Sets an output that is known without running anything (Shape, Size, Constant).
  void set_value(int output, ConstantPtr value);

  // For the plan.
  std::span<const TensorInfo> results() const { return results_; }
  int awaited_input() const { return awaited_input_; }

 private:
  const Node& node_;
  std::span<const TensorInfo> tensors_;
  std::vector<TensorInfo> results_;
  int awaited_input_ = -1;
};

// Common shape rules.
Status infer_like_first(Inference& node);  // output 0 has the dtype and shape of input 0
Status infer_broadcast(Inference& node);   // all inputs broadcast together, dtype of input 0
Status infer_comparison(Inference& node);  // the same, but bool

}  // namespace heed

// What shape inference of one node sees, and what it says.
#pragma once

#include "graph/node_reader.h"

namespace heed {

class Inference : public NodeReader {
 public:
  Inference(const Node& node, std::span<const TensorInfo> tensors);

  // The value of an input that the output's shape depends on. When it is not known yet, this fails,
  // and the plan stops in front of this node and goes on when the value has been computed: return,
  // when it is null.
  const Constant* required(int input);
  // The same for a list of integers that may be left out; then read it by `list`. False: return.
  bool require_list(int input);

  // Errors where an input that is given has another type, or another shape.
  void expect_dtype(int input, DType dtype);
  void expect_shape(int input, const Shape& shape);
  void expect_one(int input);  // a single element, of any rank
  // An error unless the first `count` inputs (those given) are float32.
  void expect_floats(int count);
  // An error when output 0 is left out: of operators with several outputs, where it is not
  // optional.
  void expect_first_output();
  void unsupported_type(int input);  // is an error

  // Sets an output's type and shape. Outputs that are left out by the node may be set too.
  void set(int output, DType dtype, const Shape& shape);
  // The same of extents that are not checked yet.
  void set(int output, DType dtype, const Dims& dims);
  // Sets output 0 to the type and shape of input 0.
  void set_like_first();
  // All inputs broadcast together.
  void set_broadcast(DType dtype);
  // Sets an output that is known without running anything (Shape, Size, Constant).
  void set_value(int output, ConstantPtr value);

  // For the plan.
  std::span<const TensorInfo> results() const { return results_; }
  int awaited_input() const { return awaited_input_; }

 private:
  std::vector<TensorInfo> results_;
  int awaited_input_ = -1;
};

}  // namespace heed

// Shape and Size: known as soon as the input's shape is.
#include <algorithm>

#include "graph/operator.h"

namespace heed {

void infer_shape(Inference& node) {
  const Shape& shape = node.shape(0);
  // From opset 15 on: a range of axes, clamped.
  const auto position = [&](const char* name, int fallback) {
    int64_t at = node.integer(name, fallback);
    if (at < 0) at += shape.rank();
    return static_cast<int>(std::clamp<int64_t>(at, 0, shape.rank()));
  };
  Dims dims;
  dims.add(shape, position("start", 0), position("end", shape.rank()));
  const auto count = static_cast<size_t>(dims.rank);
  node.set_value(0, make_constant(std::span<const int64_t>(dims.extents, count), Shape{dims.rank}));
}

void infer_size(Inference& node) {
  const int64_t count = node.shape(0).count();
  node.set_value(0, make_constant(std::span(&count, 1), Shape{}));
}

// Plans never lower a node whose outputs inference knows.
void lower_shape(Lowering& node) { node.fail(Code::kInternal, "a shape is not computed by a run"); }
void lower_size(Lowering& node) { lower_shape(node); }

}  // namespace heed

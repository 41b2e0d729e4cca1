// Shape and Size: known as soon as the input's shape is.
#include <algorithm>

#include "graph/operators/arguments.h"

namespace heed {

Status infer_shape(Inference& node) {
  const Shape& shape = node.shape(0);
  // From opset 15 on: a range of axes, clamped.
  const auto position = [&](std::string_view name, int64_t fallback) {
    int64_t at = node.attributes().integer(name, fallback);
    if (at < 0) at += shape.rank();
    return std::clamp<int64_t>(at, 0, shape.rank());
  };
  const int64_t start = position("start", 0);
  const int64_t end = std::max(position("end", shape.rank()), start);
  const std::vector<int64_t> dims(shape.begin() + start, shape.begin() + end);
  node.set_value(0, make_constant(dims, Shape{static_cast<Extent>(dims.size())}));
  return {};
}

Status infer_size(Inference& node) {
  const int64_t count = node.shape(0).count();
  node.set_value(0, make_constant(std::span(&count, 1), Shape{}));
  return {};
}

// Plans never lower a node whose outputs inference knows.
Status lower_shape(Lowering&) { return error(Code::kInternal, "a shape is not computed by a run"); }
Status lower_size(Lowering& node) { return lower_shape(node); }

}  // namespace heed

// Reshape, Flatten, Squeeze, Unsqueeze, Identity and Dropout: the same bytes under another shape.
#include "graph/operators/arguments.h"
#include "kernels/copy.h"

namespace heed {

Status infer_reshape(Inference& node) {
  const Shape& from = node.shape(0);
  Result<std::vector<int64_t>> target = node.required_integers(1);
  if (!target.ok()) return target.status();
  std::vector<int64_t>& dims = target.value();
  const bool allow_zero = node.attributes().integer("allowzero", 0) != 0;

  int inferred = -1;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] == 0 && !allow_zero) {
      if (axis >= static_cast<size_t>(from.rank())) {
        return error(Code::kWrongShape, "Reshape copies axis ", static_cast<int64_t>(axis),
                     " of the shape ", from);
      }
      dims[axis] = from[static_cast<int>(axis)];
    } else if (dims[axis] == -1) {
      if (inferred >= 0) return error(Code::kWrongShape, "Reshape to a shape with two -1");
      inferred = static_cast<int>(axis);
    }
  }
  // The extents but the inferred one must be valid in themselves.
  if (inferred >= 0) dims[static_cast<size_t>(inferred)] = 1;
  Result<Shape> shape = Shape::make(dims);
  if (!shape.ok()) return shape.status();
  if (inferred >= 0) {
    const Extent known = shape.value().count();
    // Nothing says what -1 stands for beside a zero; 0 is what keeps the count.
    shape.value()[inferred] = known > 0 ? from.count() / known : 0;
  }
  if (shape.value().count() != from.count()) {
    return error(Code::kWrongShape, "the shape ", from, " cannot be reshaped to ", shape.value());
  }
  node.set(0, node.dtype(0), shape.value());
  return {};
}

Status infer_flatten(Inference& node) {
  const Shape& from = node.shape(0);
  const int64_t given = node.attributes().integer("axis", 1);
  const int64_t axis = given < 0 ? given + from.rank() : given;
  if (axis < 0 || axis > from.rank()) {
    return error(Code::kInvalidGraph, "axis ", given, " of Flatten is outside -", from.rank(), "..",
                 from.rank());
  }
  const int split = static_cast<int>(axis);
  const int64_t dims[] = {from.count(0, split), from.count(split, from.rank())};
  return set_shape(node, node.dtype(0), dims);
}

Status infer_squeeze(Inference& node) {
  const Shape& from = node.shape(0);
  Result<std::vector<int64_t>> axes = integers_argument(node, 1, "axes");
  if (!axes.ok()) return axes.status();
  Result<AxisSet> removed = axis_set(axes.value(), from.rank(), nullptr);
  if (!removed.ok()) return removed.status();
  const bool all = !node.has(1) && !node.attributes().has("axes");
  Shape shape;
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (contains(removed.value(), axis)) {
      if (from[axis] != 1) {
        return error(Code::kWrongShape, "Squeeze of axis ", axis, " of the shape ", from,
                     ": its extent is not 1");
      }
    } else if (!all || from[axis] != 1) {
      shape.push_back(from[axis]);
    }
  }
  node.set(0, node.dtype(0), shape);
  return {};
}

Status infer_unsqueeze(Inference& node) {
  const Shape& from = node.shape(0);
  Result<std::vector<int64_t>> axes = integers_argument(node, 1, "axes");
  if (!axes.ok()) return axes.status();
  const size_t rank = axes.value().size() + static_cast<size_t>(from.rank());
  if (rank > kMaxRank) {
    return error(Code::kWrongShape, "Unsqueeze to rank ", static_cast<int64_t>(rank),
                 ", the limit is ", kMaxRank);
  }
  Result<AxisSet> added = axis_set(axes.value(), static_cast<int>(rank), nullptr);
  if (!added.ok()) return added.status();
  Shape shape;
  for (int axis = 0, next = 0; axis < static_cast<int>(rank); ++axis) {
    shape.push_back(contains(added.value(), axis) ? 1 : from[next++]);
  }
  node.set(0, node.dtype(0), shape);
  return {};
}

Status infer_identity(Inference& node) { return infer_like_first(node); }

// Reshape, Flatten, Squeeze, Unsqueeze, Identity.
Status lower_alias(Lowering& node) {
  node.alias(0, 0);
  return {};
}

Status lower_reshape(Lowering& node) { return lower_alias(node); }
Status lower_flatten(Lowering& node) { return lower_alias(node); }
Status lower_squeeze(Lowering& node) { return lower_alias(node); }
Status lower_unsqueeze(Lowering& node) { return lower_alias(node); }
Status lower_identity(Lowering& node) { return lower_alias(node); }

Status infer_dropout(Inference& node) {
  if (node.has(2)) {
    Result<const Constant*> training = node.required(2);
    if (!training.ok()) return training.status();
    bool random = training.value()->dtype == DType::kBool && training.value()->shape.count() == 1 &&
                  training.value()->data[0] != std::byte{0};
    if (random && node.has(1)) {
      Result<const Constant*> ratio = node.required(1);
      if (!ratio.ok()) return ratio.status();
      random = !(ratio.value()->dtype == DType::kF32 && ratio.value()->shape.count() == 1 &&
                 ratio.value()->values<float>()[0] == 0);
    }
    if (random) {
      return error(Code::kUnsupportedOperator, "Dropout in training mode is not supported");
    }
  }
  node.set(0, node.dtype(0), node.shape(0));
  // Before opset 10 the mask had the type of the data.
  node.set(1, node.version() < 10 ? node.dtype(0) : DType::kBool, node.shape(0));
  return {};
}

Status lower_dropout(Lowering& node) {
  if (node.wants(0)) node.alias(0, 0);
  if (!node.wants(1)) return {};
  // Nothing is dropped: every element of the mask is one.
  const View mask = node.output(1);
  const Buffer one = node.table(8, [&](std::byte* at) {
    if (mask.dtype == DType::kF32) {
      *reinterpret_cast<float*>(at) = 1;
    } else {
      *at = std::byte{1};
    }
  });
  const size_t size = byte_size(mask.dtype);
  const Extent count = mask.shape.count();
  node.run([=](const Run& run) {
    kernels::fill_row(run.at<std::byte>(one), run.at<std::byte>(mask.buffer), count, size);
  });
  return {};
}

}  // namespace heed

// Reshape, Flatten, Squeeze, Unsqueeze, Identity and Dropout: the same bytes under another shape.
#include "graph/operators/copy_task.h"

namespace heed {

void infer_reshape(Inference& node) {
  const Shape& from = node.shape(0);
  Dims dims;
  if (!node.require_list(1) || !node.read_dims(node.list(1, ""), dims)) return;
  const bool allow_zero = node.flag("allowzero");
  int inferred = -1;
  for (int axis = 0; axis < dims.rank; ++axis) {
    int64_t& extent = dims.extents[axis];
    if (extent == 0 && !allow_zero) {
      if (axis >= from.rank()) {
        node.fail(Code::kWrongShape, "it copies axis % of the shape %", axis, from);
      }
      extent = from[axis];
    } else if (extent == -1) {
      if (inferred >= 0) node.fail(Code::kWrongShape, "its shape has two -1");
      inferred = axis;
      extent = 1;  // the others must be valid in themselves
    }
  }
  Shape shape;
  if (!node.make_shape(dims, shape)) return;
  if (inferred >= 0) {
    const Extent known = shape.count();
    // Nothing says what -1 stands for beside a zero; 0 is what keeps the count.
    shape[inferred] = known > 0 ? from.count() / known : 0;
  }
  if (shape.count() != from.count()) {
    node.fail(Code::kWrongShape, "the shape % cannot be reshaped to %", from, shape);
  }
  node.set(0, node.dtype(0), shape);
}

void infer_flatten(Inference& node) {
  const Shape& from = node.shape(0);
  const int64_t given = node.integer("axis", 1);
  // The end is an axis too, from the front.
  const int split = given == from.rank() ? from.rank() : node.checked_axis(given, from.rank());
  Dims dims;
  dims.add(from.count(0, split));
  dims.add(from.count(split, from.rank()));
  node.set(0, node.dtype(0), dims);
}

void infer_squeeze(Inference& node) {
  const Shape& from = node.shape(0);
  AxisSet removed;
  if (!node.require_list(1) || !node.axes(node.list(1, "axes"), from.rank(), removed)) return;
  const bool all = !node.has(1) && !node.has_attribute("axes");
  Shape shape;
  for (int axis = 0; axis < from.rank(); ++axis) {
    const bool named = contains(removed, axis);
    if (named && from[axis] != 1) {
      node.fail(Code::kWrongShape, "axis % of the shape % is removed: its extent is not 1", axis,
                from);
    }
    if (!named && (!all || from[axis] != 1)) shape.push_back(from[axis]);
  }
  node.set(0, node.dtype(0), shape);
}

void infer_unsqueeze(Inference& node) {
  const Shape& from = node.shape(0);
  if (!node.require_list(1)) return;
  const Integers axes = node.list(1, "axes");
  const size_t rank = axes.size() + static_cast<size_t>(from.rank());
  if (rank > kMaxRank) {
    return node.fail(Code::kWrongShape, "rank % is above the limit of %", rank, kMaxRank);
  }
  AxisSet added;
  if (!node.axes(axes, static_cast<int>(rank), added)) return;
  Shape shape;
  for (int axis = 0, next = 0; axis < static_cast<int>(rank); ++axis) {
    shape.push_back(contains(added, axis) ? 1 : from[next++]);
  }
  node.set(0, node.dtype(0), shape);
}

void infer_identity(Inference& node) { node.set_like_first(); }

void lower_identity(Lowering& node) { node.alias(0, 0); }
void lower_reshape(Lowering& node) { lower_identity(node); }
void lower_flatten(Lowering& node) { lower_identity(node); }
void lower_squeeze(Lowering& node) { lower_identity(node); }
void lower_unsqueeze(Lowering& node) { lower_identity(node); }

void infer_dropout(Inference& node) {
  if (node.has(2)) {
    const Constant* training = node.required(2);
    if (!training) return;
    bool random = training->dtype == DType::kBool && training->shape.count() == 1 &&
                  training->data[0] != std::byte{0};
    if (random && node.has(1)) {
      const Constant* ratio = node.required(1);
      if (!ratio) return;
      random = !(ratio->dtype == DType::kF32 && ratio->shape.count() == 1 &&
                 ratio->values<float>()[0] == 0);
    }
    if (random) node.fail(Code::kUnsupportedOperator, "the training mode is not supported");
  }
  node.set_like_first();
  // Before opset 10 the mask had the type of the data.
  node.set(1, node.version() < 10 ? node.dtype(0) : DType::kBool, node.shape(0));
}

void lower_dropout(Lowering& node) {
  if (node.wants(0)) node.alias(0, 0);
  if (!node.wants(1)) return;
  // Nothing is dropped: every element of the mask is one.
  const View mask = node.output(1);
  const Buffer one = node.table(8, [&](std::byte* at) {
    if (mask.dtype == DType::kF32) {
      *reinterpret_cast<float*>(at) = 1;
    } else {
      *at = std::byte{1};
    }
  });
  run_fill(node, one, mask.buffer, mask.shape.count(), byte_size(mask.dtype));
}

}  // namespace heed

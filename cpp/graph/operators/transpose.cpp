// Transpose, Expand, DepthToSpace and SpaceToDepth: one strided copy.
#include "graph/operators/arguments.h"
#include "kernels/copy.h"

namespace heed {

namespace {

// Writes all of output 0 from input 0: the steps of `copy` are those of the two views.
Status run_copy(Lowering& node, const kernels::StridedCopy& copy) {
  const View from = node.input(0), to = node.output(0);
  const size_t size = byte_size(to.dtype);
  node.run([=](const Run& run) {
    kernels::copy_strided(copy, run.at<std::byte>(from.buffer), run.at<std::byte>(to.buffer), size);
  });
  return {};
}

// perm, or the axes in reverse order.
Result<std::vector<int>> permutation(const Attributes& attributes, int rank) {
  std::vector<int> axes;
  if (!attributes.has("perm")) {
    for (int axis = rank - 1; axis >= 0; --axis) axes.push_back(axis);
    return axes;
  }
  const Result<AxisSet> set = axis_set(attributes.integers("perm"), rank, &axes);
  if (!set.ok()) return set.status();
  if (static_cast<int>(axes.size()) != rank) {
    return error(Code::kInvalidGraph, "Transpose of rank ", rank, " with a permutation of ",
                 static_cast<int64_t>(axes.size()), " axes");
  }
  return axes;
}

}  // namespace

Status infer_transpose(Inference& node) {
  const Shape& from = node.shape(0);
  const Result<std::vector<int>> axes = permutation(node.attributes(), from.rank());
  if (!axes.ok()) return axes.status();
  Shape shape;
  for (int axis : axes.value()) shape.push_back(from[axis]);
  node.set(0, node.dtype(0), shape);
  return {};
}

Status lower_transpose(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  const std::vector<int> axes = permutation(node.attributes(), from.shape.rank()).value();
  Strides steps;
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    steps[axis] = from.strides[axes[static_cast<size_t>(axis)]];
  }
  return run_copy(node, kernels::make_copy(to.shape, steps, to.strides));
}

Status infer_expand(Inference& node) {
  Result<std::vector<int64_t>> target = node.required_integers(1);
  if (!target.ok()) return target.status();
  const Result<Shape> shape = Shape::make(target.value());
  if (!shape.ok()) return shape.status();
  const Result<Shape> both = broadcast(node.shape(0), shape.value());
  if (!both.ok()) return both.status();
  node.set(0, node.dtype(0), both.value());
  return {};
}

Status lower_expand(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  const int added = to.shape.rank() - from.shape.rank();
  Strides steps;
  for (int axis = 0; axis < from.shape.rank(); ++axis) {
    steps[axis + added] = from.shape[axis] == 1 ? 0 : from.strides[axis];
  }
  return run_copy(node, kernels::make_copy(to.shape, steps, to.strides));
}

namespace {

// The block size of a 4-D tensor of these extents, whose `divided` extents it divides.
Result<Extent> block_size(const Inference& node, std::initializer_list<int> divided) {
  const Shape& shape = node.shape(0);
  const int64_t block = node.attributes().integer("blocksize", 0);
  if (shape.rank() != 4) {
    return error(Code::kWrongShape, "expected a tensor (N, C, H, W), the shape is ", shape);
  }
  // 2^15 keeps its square, by which channels are divided, an Extent.
  if (block < 1 || block > 32767) return error(Code::kInvalidGraph, "the block size is ", block);
  const auto extent = static_cast<Extent>(block);
  const Extent divisor = divided.size() == 1 ? extent * extent : extent;
  for (int axis : divided) {
    if (shape[axis] % divisor != 0) {
      return error(Code::kWrongShape, "axis ", axis, " of the shape ", shape,
                   " is not a multiple of ", divisor);
    }
  }
  return extent;
}

}  // namespace

Status infer_depth_to_space(Inference& node) {
  const Result<Extent> block = block_size(node, {1});
  if (!block.ok()) return block.status();
  const std::string_view mode = node.attributes().text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") {
    return error(Code::kInvalidGraph, "DepthToSpace has the unknown mode ", mode);
  }
  const Shape& from = node.shape(0);
  const int64_t b = block.value();
  const int64_t dims[] = {from[0], from[1] / (b * b), from[2] * b, from[3] * b};
  return set_shape(node, node.dtype(0), dims);
}

Status lower_depth_to_space(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  const auto block = static_cast<Extent>(node.attributes().integer("blocksize", 1));
  const Extent depth = to.shape[1];
  if (to.shape.count() == 0) return {};  // the steps below need not fit an Extent
  // Input channels are (block row, block column, depth), or (depth, block row, block column).
  const bool depth_last = node.attributes().text("mode", "DCR") == "DCR";
  const Extent step = from.strides[1];
  const Extent row_step = depth_last ? block * depth * step : block * step;
  const Extent column_step = depth_last ? depth * step : step;
  const Extent depth_step = depth_last ? step : block * block * step;
  kernels::StridedCopy copy;
  copy.add(to.shape[0], from.strides[0], to.strides[0]);
  copy.add(depth, depth_step, to.strides[1]);
  copy.add(from.shape[2], from.strides[2], block * to.strides[2]);
  copy.add(block, row_step, to.strides[2]);
  copy.add(from.shape[3], from.strides[3], block * to.strides[3]);
  copy.add(block, column_step, to.strides[3]);
  copy.finish();
  return run_copy(node, copy);
}

Status infer_space_to_depth(Inference& node) {
  const Result<Extent> block = block_size(node, {2, 3});
  if (!block.ok()) return block.status();
  const Shape& from = node.shape(0);
  const int64_t b = block.value();
  const int64_t dims[] = {from[0], from[1] * b * b, from[2] / b, from[3] / b};
  return set_shape(node, node.dtype(0), dims);
}

Status lower_space_to_depth(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  const auto block = static_cast<Extent>(node.attributes().integer("blocksize", 1));
  const Extent depth = from.shape[1];
  if (to.shape.count() == 0) return {};  // the steps below need not fit an Extent
  // Output channels are (block row, block column, depth).
  kernels::StridedCopy copy;
  copy.add(to.shape[0], from.strides[0], to.strides[0]);
  copy.add(block, from.strides[2], block * depth * to.strides[1]);
  copy.add(block, from.strides[3], depth * to.strides[1]);
  copy.add(depth, from.strides[1], to.strides[1]);
  copy.add(to.shape[2], block * from.strides[2], to.strides[2]);
  copy.add(to.shape[3], block * from.strides[3], to.strides[3]);
  copy.finish();
  return run_copy(node, copy);
}

}  // namespace heed

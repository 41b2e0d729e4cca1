// Transpose, Expand, DepthToSpace and SpaceToDepth: one strided copy.
#include "graph/operators/copy_task.h"
#include "graph/operators/elementwise_loop.h"

namespace heed {

namespace {

// Writes all of output 0 from input 0: the steps of `copy` are those of the two views.
void copy_input(Lowering& node, const View& from, const View& to,
                const kernels::StridedCopy& copy) {
  run_copy(node, copy, {from.buffer}, {to.buffer}, byte_size(to.dtype));
}

// perm, or the axes in reverse order.
bool read_permutation(NodeReader& node, int* axes) {
  const int rank = node.shape(0).rank();
  const Integers given = node.integers("perm");
  for (int axis = 0; axis < rank; ++axis) axes[axis] = rank - 1 - axis;
  if (!node.has_attribute("perm")) return true;
  if (given.size() != static_cast<size_t>(rank)) {
    node.fail(Code::kInvalidGraph, "a permutation of % axes for rank %", given.size(), rank);
    return false;
  }
  AxisSet set;
  return node.axes(given, rank, set, axes);
}

}  // namespace

void infer_transpose(Inference& node) {
  const Shape& from = node.shape(0);
  int axes[kMaxRank];
  if (!read_permutation(node, axes)) return;
  Shape shape;
  for (int axis = 0; axis < from.rank(); ++axis) shape.push_back(from[axes[axis]]);
  node.set(0, node.dtype(0), shape);
}

void lower_transpose(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  int axes[kMaxRank];
  read_permutation(node, axes);
  Strides steps;
  for (int axis = 0; axis < to.shape.rank(); ++axis) steps[axis] = from.strides[axes[axis]];
  copy_input(node, from, to, kernels::make_copy(to.shape, steps, to.strides));
}

void infer_expand(Inference& node) {
  if (!node.require_list(1)) return;
  const Integers target = node.list(1, "");
  Shape shape;
  Dims dims;
  if (!node.read_dims(target, dims) || !node.make_shape(dims, shape)) return;
  node.broadcast_shapes(node.shape(0), shape, shape);
  node.set(0, node.dtype(0), shape);
}

void lower_expand(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  copy_input(node, from, to,
             kernels::make_copy(to.shape, broadcast_strides(from, to.shape), to.strides));
}

namespace {

// The block size of a 4-D tensor, which divides its height and width, or its square the channels;
// 0 after an error.
Extent block_size(Inference& node, bool of_channels) {
  const Shape& shape = node.shape(0);
  const int64_t block = node.integer("blocksize", 0);
  // 2^15 keeps its square, by which channels are divided, an Extent.
  if (shape.rank() != 4 || block < 1 || block > 32767) {
    node.fail(Code::kWrongShape, "expected a tensor (N, C, H, W), the shape is %, blocksize %",
              shape, block);
    return 0;
  }
  const auto extent = static_cast<Extent>(block);
  const Extent divisor = of_channels ? extent * extent : extent;
  const int first = of_channels ? 1 : 2, last = of_channels ? 2 : 4;
  for (int axis = first; axis < last; ++axis) {
    if (shape[axis] % divisor == 0) continue;
    node.fail(Code::kWrongShape, "axis % of the shape % is not a multiple of %", axis, shape,
              divisor);
    return 0;
  }
  return extent;
}

// Both operators: the copy between the shape with the larger channels (deep) and that with the
// larger area (wide). Channels of the former are (block row, block column, depth), or (depth, block
// row, block column).
void copy_blocks(Lowering& node, bool to_wide, bool depth_last) {
  const View from = node.input(0), to = node.output(0);
  if (to.shape.count() == 0) return;  // the steps below need not fit an Extent
  const View& deep = to_wide ? from : to;
  const View& wide = to_wide ? to : from;
  const auto block = static_cast<Extent>(node.integer("blocksize", 1));
  const Extent depth = wide.shape[1], step = deep.strides[1];
  const Strides &d = deep.strides, &w = wide.strides;
  const Extent column_step = depth_last ? depth * step : step;
  kernels::StridedCopy copy;
  const auto add = [&](Extent extent, Extent deep_step, Extent wide_step) {
    copy.add(extent, to_wide ? deep_step : wide_step, to_wide ? wide_step : deep_step);
  };
  add(deep.shape[0], d[0], w[0]);
  add(depth, depth_last ? step : block * block * step, w[1]);
  add(deep.shape[2], d[2], block * w[2]);
  add(block, block * column_step, w[2]);
  add(deep.shape[3], d[3], block * w[3]);
  add(block, column_step, w[3]);
  copy.finish();
  copy_input(node, from, to, copy);
}

constexpr char kBlockModes[] = "DCR|CRD";

}  // namespace

void infer_depth_to_space(Inference& node) {
  const int64_t b = block_size(node, true);
  node.choice("mode", kBlockModes);
  if (b == 0) return;
  const Shape& from = node.shape(0);
  Dims dims;
  dims.add(from[0]);
  dims.add(from[1] / (b * b));
  dims.add(from[2] * b);
  dims.add(from[3] * b);
  node.set(0, node.dtype(0), dims);
}

void lower_depth_to_space(Lowering& node) {
  copy_blocks(node, true, node.choice("mode", kBlockModes) == 0);
}

void infer_space_to_depth(Inference& node) {
  const int64_t b = block_size(node, false);
  if (b == 0) return;
  const Shape& from = node.shape(0);
  Dims dims;
  dims.add(from[0]);
  dims.add(from[1] * b * b);
  dims.add(from[2] / b);
  dims.add(from[3] / b);
  node.set(0, node.dtype(0), dims);
}

void lower_space_to_depth(Lowering& node) { copy_blocks(node, false, true); }

}  // namespace heed

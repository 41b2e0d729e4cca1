// Slice (a strided copy), Pad and Tile (a table of indices for each axis).
#include <algorithm>

#include "graph/operators/copy_task.h"
#include "graph/operators/indexed_copy.h"
#include "kernels/indexed_copy.h"

namespace heed {

namespace {

// Indices start, start + step, ... : `extent` of them.
struct Range {
  Extent start, step, extent;
};

// ONNX's clamping: indices count from the end when negative; a positive step runs in 0..extent, a
// negative one in extent-1..-1.
Range clamp_range(int64_t start, int64_t end, int64_t step, int64_t extent) {
  step = std::clamp<int64_t>(step, -INT32_MAX, INT32_MAX);
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  int64_t count = 0;
  // A negative step's bounds are one below those of a positive one.
  const int back = step > 0 ? 0 : 1;
  if (extent > 0) {
    start = std::clamp<int64_t>(start, 0, extent - back);
    end = std::clamp<int64_t>(end, -back, extent - back);
    const int64_t span = step > 0 ? end - start : start - end;
    if (span > 0) count = (span - 1) / std::abs(step) + 1;
  }
  // A step over less than two elements would not be taken, and may not fit beside a stride.
  return {static_cast<Extent>(count > 0 ? start : 0), static_cast<Extent>(count > 1 ? step : 1),
          static_cast<Extent>(count)};
}

// The range of every axis of input 0.
bool slice_ranges(NodeReader& node, Range* ranges) {
  const Shape& shape = node.shape(0);
  const Integers starts = node.list(1, "starts"), ends = node.list(2, "ends");
  const Integers given = node.list(3, "axes"), steps = node.list(4, "steps");
  const bool has_axes = node.has(3) || node.has_attribute("axes"), has_steps = node.has(4);
  const size_t count = starts.size();
  if (ends.size() != count || (has_axes && given.size() != count) ||
      (has_steps && steps.size() != count)) {
    node.fail(Code::kInvalidGraph, "its starts, ends, axes and steps differ in number");
    return false;
  }
  for (int axis = 0; axis < shape.rank(); ++axis) ranges[axis] = {0, 1, shape[axis]};
  AxisSet seen = 0;
  for (size_t i = 0; i < count; ++i) {
    const int axis = node.checked_axis(has_axes ? given[i] : static_cast<int64_t>(i), shape.rank());
    const int64_t step = has_steps ? steps[i] : 1;
    if (step == 0 || contains(seen, axis)) {
      node.fail(Code::kInvalidGraph, "axis % is named twice, or has the step 0", axis);
    }
    if (!node.ok()) return false;
    seen |= AxisSet{1} << axis;
    ranges[axis] = clamp_range(starts[i], ends[i], step, shape[axis]);
  }
  return true;
}

}  // namespace

void infer_slice(Inference& node) {
  for (int input = 1; input <= 4; ++input) {
    if (!node.require_list(input)) return;
  }
  Range ranges[kMaxRank];
  if (!slice_ranges(node, ranges)) return;
  Shape shape = node.shape(0);
  for (int axis = 0; axis < shape.rank(); ++axis) shape[axis] = ranges[axis].extent;
  node.set(0, node.dtype(0), shape);
}

void lower_slice(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  if (to.shape.count() == 0) return;
  Range ranges[kMaxRank];
  slice_ranges(node, ranges);
  Strides steps;
  ptrdiff_t first = 0;
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    steps[axis] = from.strides[axis] * ranges[axis].step;
    first += ptrdiff_t{ranges[axis].start} * from.strides[axis];
  }
  run_copy(node, kernels::make_copy(to.shape, steps, to.strides), {from.buffer, first}, {to.buffer},
           byte_size(to.dtype));
}

namespace {

// The number of elements added before and after each axis (negative: removed).
struct AxisPad {
  int64_t before = 0, after = 0;
};

// Of every axis of input 0.
bool read_pads(NodeReader& node, AxisPad* result) {
  const int rank = node.shape(0).rank();
  const Integers pads = node.list(1, "pads"), axes = node.list(3, "");
  int named[kMaxRank] = {0, 1, 2, 3, 4, 5, 6, 7};
  AxisSet set;
  if (!node.axes(axes, rank, set, named)) return false;
  const size_t count = node.has(3) ? axes.size() : static_cast<size_t>(rank);
  if (pads.size() != 2 * count) {
    node.fail(Code::kInvalidGraph, "it has % pads for % axes", pads.size(), count);
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    // Sums with an extent must not overflow; no valid pad is near this bound.
    constexpr int64_t kMost = int64_t{1} << 40;
    result[named[i]] = {std::clamp(pads[i], -kMost, kMost),
                        std::clamp(pads[i + count], -kMost, kMost)};
  }
  return true;
}

enum PadMode { kConstant, kReflect, kEdge, kWrap };

PadMode pad_mode(NodeReader& node) {
  return static_cast<PadMode>(node.choice("mode", "constant|reflect|edge|wrap"));
}

// Where index `i` of a padded axis comes from: `i` counts from the first element of `extent`
// elements that are left.
Extent padded_source(PadMode mode, int64_t i, int64_t extent) {
  if (i >= 0 && i < extent) return static_cast<Extent>(i);
  if (mode == kConstant) return kernels::IndexedCopy::kFill;
  if (mode == kEdge) return static_cast<Extent>(i < 0 ? 0 : extent - 1);
  // reflect, around the centres of the first and the last element
  if (mode == kReflect && extent == 1) return 0;
  const int64_t period = mode == kWrap ? extent : 2 * (extent - 1);
  const int64_t at = (i % period + period) % period;
  return static_cast<Extent>(at < extent ? at : period - at);
}

}  // namespace

void infer_pad(Inference& node) {
  const Shape& from = node.shape(0);
  if (!node.require_list(1) || !node.require_list(3)) return;
  node.expect_dtype(2, node.dtype(0));
  node.expect_one(2);
  if (!node.has(2) && node.has_attribute("value")) node.expect_floats(1);
  const PadMode mode = pad_mode(node);
  AxisPad each[kMaxRank];
  if (!read_pads(node, each)) return;
  Dims dims;
  for (int axis = 0; axis < from.rank(); ++axis) {
    const AxisPad pad = each[axis];
    const int64_t padded = from[axis] + pad.before + pad.after;
    const int64_t left =
        from[axis] + std::min<int64_t>(pad.before, 0) + std::min<int64_t>(pad.after, 0);
    if (left < 0 || (left == 0 && padded > 0 && mode != kConstant)) {
      node.fail(Code::kWrongShape, "axis % of the shape % is padded by % and %", axis, from,
                pad.before, pad.after);
    }
    dims.add(padded);
  }
  node.set(0, node.dtype(0), dims);
}

void lower_pad(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  if (to.shape.count() == 0) return;
  const PadMode mode = pad_mode(node);
  AxisPad each[kMaxRank];
  read_pads(node, each);
  const bool kept = std::all_of(each, each + to.shape.rank(), [](const AxisPad& pad) {
    return pad.before == 0 && pad.after == 0;
  });
  if (kept) return node.alias(0, 0);
  AxisTables source(to.shape);
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    const AxisPad pad = each[axis];
    const int64_t skipped = std::max<int64_t>(-pad.before, 0);
    const int64_t left = from.shape[axis] - skipped - std::max<int64_t>(-pad.after, 0);
    const int64_t before = std::max<int64_t>(pad.before, 0);
    for (Extent i = 0; i < to.shape[axis]; ++i) {
      const Extent at = padded_source(mode, i - before, left);
      source[axis][i] = at == kernels::IndexedCopy::kFill ? at : static_cast<Extent>(at + skipped);
    }
  }
  Buffer fill = node.input_buffer(2);
  if (fill == kNoBuffer) {
    fill = node.table(8, [&](std::byte* at) {
      // Zero of any type, or the float that old operator sets have as an attribute.
      *reinterpret_cast<uint64_t*>(at) = 0;
      if (to.dtype == DType::kF32) *reinterpret_cast<float*>(at) = node.real("value", 0);
    });
  }
  run_indexed_copy(node, from, to, source, fill);
}

void infer_tile(Inference& node) {
  const Shape& from = node.shape(0);
  if (!node.require_list(1)) return;
  const Integers repeats = node.list(1, "");
  if (repeats.size() != static_cast<size_t>(from.rank())) {
    return node.fail(Code::kWrongShape, "% repeats for the shape %", repeats.size(), from);
  }
  Dims dims;
  for (int axis = 0; axis < from.rank(); ++axis) {
    const int64_t repeat = repeats[static_cast<size_t>(axis)];
    if (repeat < 0) node.fail(Code::kWrongValue, "the negative repeat %", repeat);
    dims.add(from[axis] * std::min<int64_t>(repeat, int64_t{1} << 31));
  }
  node.set(0, node.dtype(0), dims);
}

void lower_tile(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  if (to.shape.count() == 0) return;
  AxisTables source(to.shape);
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    for (Extent i = 0; i < to.shape[axis]; ++i) source[axis][i] = i % from.shape[axis];
  }
  run_indexed_copy(node, from, to, source);
}

}  // namespace heed

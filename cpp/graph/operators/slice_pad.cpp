// Slice (a strided copy), Pad and Tile (a table of indices for each axis).
#include <algorithm>

#include "graph/operators/arguments.h"
#include "graph/operators/indexed_copy.h"
#include "kernels/copy.h"
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
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, extent);
    end = std::clamp<int64_t>(end, 0, extent);
    if (end > start) count = (end - start - 1) / step + 1;
  } else if (extent > 0) {
    start = std::clamp<int64_t>(start, 0, extent - 1);
    end = std::clamp<int64_t>(end, -1, extent - 1);
    if (start > end) count = (start - end - 1) / -step + 1;
  }
  // A step over less than two elements would not be taken, and may not fit beside a stride.
  return {static_cast<Extent>(count > 0 ? start : 0), static_cast<Extent>(count > 1 ? step : 1),
          static_cast<Extent>(count)};
}

struct SliceArguments {
  std::vector<int64_t> starts, ends, axes, steps;
};

// The range of every axis of `shape`.
Result<std::vector<Range>> slice_ranges(const SliceArguments& given, bool has_axes, bool has_steps,
                                        const Shape& shape) {
  const size_t count = given.starts.size();
  if (given.ends.size() != count || (has_axes && given.axes.size() != count) ||
      (has_steps && given.steps.size() != count)) {
    return error(Code::kInvalidGraph, "Slice's starts, ends, axes and steps differ in number");
  }
  std::vector<Range> ranges;
  for (Extent extent : shape) ranges.push_back({0, 1, extent});
  AxisSet seen = 0;
  for (size_t i = 0; i < count; ++i) {
    const Result<int> axis =
        normalize_axis(has_axes ? given.axes[i] : static_cast<int64_t>(i), shape.rank());
    if (!axis.ok()) return axis.status();
    if (contains(seen, axis.value())) {
      return error(Code::kInvalidGraph, "Slice names axis ", axis.value(), " twice");
    }
    seen |= AxisSet{1} << axis.value();
    const int64_t step = has_steps ? given.steps[i] : 1;
    if (step == 0) return error(Code::kInvalidGraph, "Slice has the step 0");
    ranges[static_cast<size_t>(axis.value())] =
        clamp_range(given.starts[i], given.ends[i], step, shape[axis.value()]);
  }
  return ranges;
}

}  // namespace

Status infer_slice(Inference& node) {
  SliceArguments given;
  std::vector<int64_t>* const lists[] = {&given.starts, &given.ends, &given.axes, &given.steps};
  constexpr std::string_view kNames[] = {"starts", "ends", "axes", "steps"};
  for (int i = 0; i < 4; ++i) {
    Result<std::vector<int64_t>> list = integers_argument(node, i + 1, kNames[i]);
    if (!list.ok()) return list.status();
    *lists[i] = std::move(list.value());
  }
  const bool has_axes = node.has(3) || node.attributes().has("axes");
  const auto ranges = slice_ranges(given, has_axes, node.has(4), node.shape(0));
  if (!ranges.ok()) return ranges.status();
  Shape shape;
  for (const Range& range : ranges.value()) shape.push_back(range.extent);
  node.set(0, node.dtype(0), shape);
  return {};
}

Status lower_slice(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  if (to.shape.count() == 0) return {};
  const SliceArguments given = {
      integers_argument(node, 1, "starts"), integers_argument(node, 2, "ends"),
      integers_argument(node, 3, "axes"), integers_argument(node, 4, "steps")};
  const bool has_axes = node.has(3) || node.attributes().has("axes");
  const std::vector<Range> ranges = slice_ranges(given, has_axes, node.has(4), from.shape).value();
  Strides steps;
  ptrdiff_t first = 0;
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    const Range& range = ranges[static_cast<size_t>(axis)];
    steps[axis] = from.strides[axis] * range.step;
    first += ptrdiff_t{range.start} * from.strides[axis];
  }
  const kernels::StridedCopy copy = kernels::make_copy(to.shape, steps, to.strides);
  const size_t size = byte_size(to.dtype);
  first *= static_cast<ptrdiff_t>(size);
  node.run([=, from = from.buffer, to = to.buffer](const Run& run) {
    kernels::copy_strided(copy, run.at<std::byte>(from) + first, run.at<std::byte>(to), size);
  });
  return {};
}

namespace {

// The number of elements added before and after each axis (negative: removed).
struct AxisPad {
  int64_t before = 0, after = 0;
};

Result<std::vector<AxisPad>> axis_pads(std::span<const int64_t> pads, bool has_axes,
                                       std::span<const int64_t> axes, int rank) {
  std::vector<int> named;
  if (has_axes) {
    const Result<AxisSet> set = axis_set(axes, rank, &named);
    if (!set.ok()) return set.status();
  } else {
    for (int axis = 0; axis < rank; ++axis) named.push_back(axis);
  }
  if (pads.size() != 2 * named.size()) {
    return error(Code::kInvalidGraph, "Pad has ", static_cast<int64_t>(pads.size()), " pads for ",
                 static_cast<int64_t>(named.size()), " axes");
  }
  std::vector<AxisPad> result(static_cast<size_t>(rank));
  for (size_t i = 0; i < named.size(); ++i) {
    // Sums with an extent must not overflow; no valid pad is near this bound.
    constexpr int64_t kMost = int64_t{1} << 40;
    result[static_cast<size_t>(named[i])] = {std::clamp(pads[i], -kMost, kMost),
                                             std::clamp(pads[i + named.size()], -kMost, kMost)};
  }
  return result;
}

// Where index `i` of a padded axis comes from: `i` counts from the first element of `extent`
// elements that are left.
Extent padded_source(std::string_view mode, int64_t i, int64_t extent) {
  if (i >= 0 && i < extent) return static_cast<Extent>(i);
  if (mode == "constant") return kernels::IndexedCopy::kFill;
  if (mode == "edge") return static_cast<Extent>(i < 0 ? 0 : extent - 1);
  if (mode == "wrap") return static_cast<Extent>((i % extent + extent) % extent);
  // reflect, around the centres of the first and the last element
  if (extent == 1) return 0;
  const int64_t period = 2 * (extent - 1);
  const int64_t at = (i % period + period) % period;
  return static_cast<Extent>(at < extent ? at : period - at);
}

}  // namespace

Status infer_pad(Inference& node) {
  const Shape& from = node.shape(0);
  Result<std::vector<int64_t>> pads = integers_argument(node, 1, "pads");
  if (!pads.ok()) return pads.status();
  std::vector<int64_t> axes;
  if (node.has(3)) {
    Result<std::vector<int64_t>> given = node.required_integers(3);
    if (!given.ok()) return given.status();
    axes = std::move(given.value());
  }
  if (node.has(2) && (node.dtype(2) != node.dtype(0) || node.shape(2).count() != 1)) {
    return error(Code::kWrongType, "Pad's value is ", dtype_name(node.dtype(2)), node.shape(2),
                 ", expected one ", dtype_name(node.dtype(0)));
  }
  if (!node.has(2) && node.attributes().has("value") && node.dtype(0) != DType::kF32) {
    return error(Code::kWrongType, "Pad of ", dtype_name(node.dtype(0)), " with a float value");
  }
  const std::string_view mode = node.attributes().text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    return error(Code::kInvalidGraph, "Pad has the unknown mode ", mode);
  }
  const auto each = axis_pads(pads.value(), node.has(3), axes, from.rank());
  if (!each.ok()) return each.status();
  int64_t dims[kMaxRank];
  for (int axis = 0; axis < from.rank(); ++axis) {
    const AxisPad pad = each.value()[static_cast<size_t>(axis)];
    dims[axis] = from[axis] + pad.before + pad.after;
    const int64_t left =
        from[axis] + std::min<int64_t>(pad.before, 0) + std::min<int64_t>(pad.after, 0);
    if (left < 0 || (left == 0 && dims[axis] > 0 && mode != "constant")) {
      return error(Code::kWrongShape, "Pad of axis ", axis, " of the shape ", from, " by ",
                   pad.before, " and ", pad.after);
    }
  }
  return set_shape(node, node.dtype(0), std::span(dims, static_cast<size_t>(from.rank())));
}

Status lower_pad(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  if (to.shape.count() == 0) return {};
  const std::string_view mode = node.attributes().text("mode", "constant");
  const auto each =
      axis_pads(integers_argument(node, 1, "pads"), node.has(3),
                integers_of(node.has(3) ? node.constant(3) : nullptr), from.shape.rank());
  AxisTables source;
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    const AxisPad pad = each.value()[static_cast<size_t>(axis)];
    const int64_t skipped = std::max<int64_t>(-pad.before, 0);
    const int64_t left = from.shape[axis] - skipped - std::max<int64_t>(-pad.after, 0);
    const int64_t before = std::max<int64_t>(pad.before, 0);
    for (Extent i = 0; i < to.shape[axis]; ++i) {
      const Extent at = padded_source(mode, i - before, left);
      source[static_cast<size_t>(axis)].push_back(
          at == kernels::IndexedCopy::kFill ? at : static_cast<Extent>(at + skipped));
    }
  }
  const Buffer fill = node.has(2) ? node.input(2).buffer : node.table(8, [&](std::byte* at) {
    // Zero of any type, or the float that old operator sets have as an attribute.
    *reinterpret_cast<uint64_t*>(at) = 0;
    if (to.dtype == DType::kF32) {
      *reinterpret_cast<float*>(at) = node.attributes().real("value", 0);
    }
  });
  run_indexed_copy(node, from, to, source, fill);
  return {};
}

Status infer_tile(Inference& node) {
  const Shape& from = node.shape(0);
  const Result<std::vector<int64_t>> repeats = node.required_integers(1);
  if (!repeats.ok()) return repeats.status();
  if (repeats.value().size() != static_cast<size_t>(from.rank())) {
    return error(Code::kWrongShape, "Tile of the shape ", from, " with ",
                 static_cast<int64_t>(repeats.value().size()), " repeats");
  }
  int64_t dims[kMaxRank];
  for (int axis = 0; axis < from.rank(); ++axis) {
    const int64_t repeat = repeats.value()[static_cast<size_t>(axis)];
    if (repeat < 0) return error(Code::kWrongValue, "Tile has the negative repeat ", repeat);
    dims[axis] = from[axis] * std::min<int64_t>(repeat, int64_t{1} << 31);
  }
  return set_shape(node, node.dtype(0), std::span(dims, static_cast<size_t>(from.rank())));
}

Status lower_tile(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  if (to.shape.count() == 0) return {};
  AxisTables source;
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    auto& table = source[static_cast<size_t>(axis)];
    table.reserve(static_cast<size_t>(to.shape[axis]));
    for (Extent i = 0; i < to.shape[axis]; ++i) table.push_back(i % from.shape[axis]);
  }
  run_indexed_copy(node, from, to, source);
  return {};
}

}  // namespace heed

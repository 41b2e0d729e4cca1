// Resize and its forerunner Upsample.
#include "kernels/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/sort.h"
#include "graph/operators/copy_task.h"
#include "graph/operators/indexed_copy.h"
#include "graph/operators/resize_axis.h"
#include "kernels/convert.h"

namespace heed {

namespace {

// Resize before opset 11, and Upsample, have the scales only: as an attribute (Upsample 7) or as
// input 1.
bool is_old(const NodeReader& node) {
  return node.id() == OperatorId::kUpsample || node.version() < 11;
}

ResizeRules read_rules(NodeReader& node) {
  ResizeRules rules;
  const int mode = node.choice("mode", "nearest|linear|cubic|bilinear");
  rules.mode = static_cast<ResizeMode>(mode == 3 && is_old(node) ? 1 : mode);
  if (mode == 3 && !is_old(node)) node.fail(Code::kInvalidGraph, "mode is 'bilinear'");
  if (is_old(node)) return rules;
  rules.coordinates = static_cast<ResizeCoordinates>(
      node.choice("coordinate_transformation_mode",
                  "half_pixel|half_pixel_symmetric|pytorch_half_pixel|align_corners|asymmetric|"
                  "tf_half_pixel_for_nn|tf_crop_and_resize"));
  rules.rounding = static_cast<ResizeRounding>(
      node.choice("nearest_mode", "round_prefer_floor|round_prefer_ceil|floor|ceil"));
  rules.cubic_a = node.real("cubic_coeff_a", -0.75f);
  rules.exclude_outside = node.flag("exclude_outside");
  rules.antialias = node.flag("antialias");
  return rules;
}

// The axes that sizes, scales and the region name.
struct NamedAxes {
  int list[kMaxRank] = {0, 1, 2, 3, 4, 5, 6, 7};
  size_t count = 0;
};

bool check_count(NodeReader& node, const char* what, size_t count, size_t expected) {
  if (count == expected) return true;
  node.fail(Code::kWrongShape, "it has % %, expected %", count, what, expected);
  return false;
}

// Sizes keep the aspect ratio when the policy says so: all axes then have the smallest or the
// largest scale.
bool use_sizes(NodeReader& node, const Integers& sizes, const NamedAxes& named, ResizedAxis* axes) {
  const int policy = node.choice("keep_aspect_ratio_policy", "stretch|not_larger|not_smaller");
  float common = 0;
  if (!check_count(node, "sizes", sizes.size(), named.count)) return false;
  for (size_t i = 0; i < named.count; ++i) {
    ResizedAxis& axis = axes[named.list[i]];
    if (sizes[i] < 0 || sizes[i] > INT32_MAX || (axis.extent == 0 && sizes[i] > 0)) {
      node.fail(Code::kWrongShape, "an axis of the extent % cannot be resized to %", axis.extent,
                sizes[i]);
      return false;
    }
    axis.resized = static_cast<Extent>(sizes[i]);
    axis.length = static_cast<float>(sizes[i]);
    if (axis.extent == 0) continue;
    axis.scale = axis.length / static_cast<float>(axis.extent);
    const bool better = policy == 1 ? axis.scale < common : axis.scale > common;
    if (i == 0 || better) common = axis.scale;
  }
  for (size_t i = 0; policy != 0 && i < named.count; ++i) {
    ResizedAxis& axis = axes[named.list[i]];
    axis.scale = common;
    // To the nearest integer; every extent here is below 2^31.
    axis.resized = static_cast<Extent>(
        std::min(std::floor(double{common} * axis.extent + 0.5), double{INT32_MAX}));
    axis.length = static_cast<float>(axis.resized);
  }
  return true;
}

bool use_scales(NodeReader& node, std::span<const float> scales, const NamedAxes& named,
                ResizedAxis* axes) {
  if (!check_count(node, "scales", scales.size(), named.count)) return false;
  for (size_t i = 0; i < named.count; ++i) {
    ResizedAxis& axis = axes[named.list[i]];
    axis.length = scales[i] * static_cast<float>(axis.extent);
    if (!(scales[i] > 0) || !(axis.length < 2147483648.0f)) {
      node.fail(Code::kWrongValue, "the scale % of an axis of the extent %", scales[i],
                axis.extent);
      return false;
    }
    axis.scale = scales[i];
    axis.resized = static_cast<Extent>(axis.length);
  }
  return true;
}

// The value of an input that is given and not empty, else null.
const Constant* given_value(const NodeReader& node, int input) {
  const Constant* value = node.value(input);
  return value && value->shape.count() > 0 ? value : nullptr;
}

// Fills `axes`, one for each axis of the input.
bool read_axes(NodeReader& node, const ResizeRules& rules, ResizedAxis* axes) {
  const Shape& shape = node.shape(0);
  const int rank = shape.rank();
  NamedAxes named;
  named.count = static_cast<size_t>(rank);
  for (int axis = 0; axis < rank; ++axis) axes[axis].extent = axes[axis].resized = shape[axis];
  if (!is_old(node) && node.has_attribute("axes")) {
    const Integers given = node.integers("axes");
    AxisSet set;
    if (!node.axes(given, rank, set, named.list)) return false;
    named.count = given.size();
  }
  const Constant* sizes = is_old(node) ? nullptr : given_value(node, 3);
  const Constant* scales = given_value(node, is_old(node) ? 1 : 2);
  if (sizes) {
    if (!use_sizes(node, Integers(sizes), named, axes)) return false;
  } else {
    const auto values = scales ? scales->values<float>() : node.node().attributes->reals("scales");
    if (!use_scales(node, values, named, axes)) return false;
  }
  if (rules.crops()) {
    const Constant* given = given_value(node, 1);
    const auto region = given ? given->values<float>() : std::span<const float>();
    if (!check_count(node, "bounds in roi", region.size(), 2 * named.count)) return false;
    for (size_t i = 0; i < named.count; ++i) {
      axes[named.list[i]].roi_start = region[i];
      axes[named.list[i]].roi_end = region[i + named.count];
    }
  }
  for (int i = 0; i < rank; ++i) {
    ResizedAxis& axis = axes[i];
    axis.identity = axis.scale == 1 && axis.resized == axis.extent &&
                    (!rules.crops() || (axis.roi_start == 0 && axis.roi_end == 1));
  }
  return true;
}

}  // namespace

void infer_resize(Inference& node) {
  const ResizeRules rules = read_rules(node);
  if (rules.mode != ResizeMode::kNearest) node.expect_floats(1);
  // Every input that is read must be known, unless it is empty.
  for (int input = 1; input < node.input_count(); ++input) {
    const bool read = is_old(node) || input > 1 || rules.crops();
    if (!read || !node.has(input) || node.shape(input).count() == 0) continue;
    if (input == 3) {
      node.require_list(input);
    } else {
      node.required(input);
      node.expect_dtype(input, DType::kF32);
    }
  }
  ResizedAxis axes[kMaxRank];
  if (!node.ok() || !read_axes(node, rules, axes)) return;
  Dims dims;
  for (int axis = 0; axis < node.shape(0).rank(); ++axis) dims.add(axes[axis].resized);
  node.set(0, node.dtype(0), dims);
}

namespace {

// One pass for each axis that changes, those that shrink first. `from` and `to` have the same order
// in memory.
void interpolate(Lowering& node, const ResizeRules& rules, const ResizedAxis* axes,
                 const View& from, const View& to) {
  const float outside = node.real("extrapolation_value", 0);
  // Axes as they lie in memory, and their extents as passes change them.
  int order[kMaxRank];
  const int rank = to.shape.rank();
  for (int axis = 0; axis < rank; ++axis) order[axis] = axis;
  insertion_sort(order, order + rank,
                 [&](int a, int b) { return from.strides[a] > from.strides[b]; });
  Shape extents;
  int passes[kMaxRank];
  int count = 0;
  for (int at = 0; at < rank; ++at) {
    extents.push_back(from.shape[order[at]]);
    if (!axes[order[at]].identity) passes[count++] = at;
  }
  insertion_sort(passes, passes + count,
                 [&](int a, int b) { return axes[order[a]].scale < axes[order[b]].scale; });

  Buffer source = from.buffer;
  for (int pass = 0; pass < count; ++pass) {
    const int at = passes[pass];
    const ResizedAxis& axis = axes[order[at]];
    const AxisFilter filter = interpolation_filter(rules, axis);
    const kernels::AxisResize resize = {extents.count(0, at),        axis.extent, axis.resized,
                                        extents.count(at + 1, rank), filter.taps, outside};
    extents[at] = axis.resized;
    const Buffer target = pass + 1 == count ? to.buffer : node.scratch(extents.count());
    const size_t bytes = filter.indices.size() * sizeof(Extent);
    const Buffer indices = node.table(
        bytes, [&](std::byte* memory) { std::memcpy(memory, filter.indices.data(), bytes); });
    const Buffer weights = node.table(
        bytes, [&](std::byte* memory) { std::memcpy(memory, filter.weights.data(), bytes); });
    node.run([=](const Run& run) {
      kernels::resize_axis(resize, run.at<Extent>(indices), run.at<float>(weights),
                           run.at<float>(source), run.at<float>(target));
    });
    source = target;
  }
}

}  // namespace

void lower_resize(Lowering& node) {
  View from = node.input(0);
  const View to = node.output(0);
  if (to.shape.count() == 0) return;
  const ResizeRules rules = read_rules(node);
  ResizedAxis axes[kMaxRank];
  read_axes(node, rules, axes);
  const int rank = to.shape.rank();
  const size_t size = byte_size(to.dtype);

  if (rules.mode == ResizeMode::kNearest) {
    AxisTables source(to.shape);
    for (int axis = 0; axis < rank; ++axis) nearest_indices(rules, axes[axis], source[axis]);
    const Buffer outside = node.table(8, [&](std::byte* at) {
      const float value = node.real("extrapolation_value", 0);
      kernels::convert(DType::kF32, &value, to.dtype, at, 1);
    });
    return run_indexed_copy(node, from, to, source, outside);
  }

  const bool identity =
      std::all_of(axes, axes + rank, [](const ResizedAxis& axis) { return axis.identity; });
  if (identity || from.layout != to.layout) {
    // The passes keep the order in memory, so what differs is changed before them.
    const Strides strides = strides_of(from.shape, to.layout);
    const Buffer target = identity ? to.buffer : node.scratch(from.shape.count(), size);
    run_copy(node, kernels::make_copy(from.shape, from.strides, strides), {from.buffer}, {target},
             size);
    from.buffer = target;
    from.strides = strides;
  }
  if (!identity) interpolate(node, rules, axes, from, to);
}

}  // namespace heed

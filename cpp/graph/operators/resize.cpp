// Resize and its forerunner Upsample.
#include "kernels/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/sort.h"
#include "graph/operators/arguments.h"
#include "graph/operators/indexed_copy.h"
#include "graph/operators/resize_axis.h"
#include "kernels/convert.h"
#include "kernels/copy.h"

namespace heed {

namespace {

// Resize before opset 11, and Upsample, have the scales only: as an attribute (Upsample 7) or as
// input 1.
bool is_old(const Node& node) { return node.op->name == "Upsample" || node.version < 11; }

// The inputs' values where they are given and not empty; from inference or lowering.
struct ResizeInputs {
  const Constant* region = nullptr;
  const Constant* scales = nullptr;
  const Constant* sizes = nullptr;
};

ResizeRules rules_of(const Node& node) {
  const Attributes& attributes = *node.attributes;
  ResizeRules rules;
  rules.mode = attributes.text("mode", "nearest");
  if (is_old(node)) {
    if (rules.mode == "bilinear") rules.mode = "linear";
    rules.coordinates = "asymmetric";
    rules.nearest = "simple";
    return rules;
  }
  rules.coordinates = attributes.text("coordinate_transformation_mode", "half_pixel");
  rules.nearest = attributes.text("nearest_mode", "round_prefer_floor");
  rules.cubic_a = attributes.real("cubic_coeff_a", -0.75f);
  rules.exclude_outside = attributes.integer("exclude_outside", 0) != 0;
  rules.antialias = attributes.integer("antialias", 0) != 0;
  return rules;
}

Status check_rules(const ResizeRules& rules) {
  const auto is_one_of = [](std::string_view text, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), text) != list.end();
  };
  if (!is_one_of(rules.mode, {"nearest", "linear", "cubic"})) {
    return error(Code::kInvalidGraph, "unknown mode ", rules.mode);
  }
  if (!is_one_of(rules.coordinates,
                 {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                  "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"})) {
    return error(Code::kInvalidGraph, "unknown coordinate_transformation_mode ", rules.coordinates);
  }
  if (!is_one_of(rules.nearest,
                 {"simple", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})) {
    return error(Code::kInvalidGraph, "unknown nearest_mode ", rules.nearest);
  }
  return {};
}

Status wrong_count(std::string_view what, size_t count, size_t expected) {
  return error(Code::kWrongShape, "Resize has ", static_cast<int64_t>(count), " ", what,
               ", expected ", static_cast<int64_t>(expected));
}

// Sizes keep the aspect ratio when the policy says so: all axes then have the smallest or the
// largest scale.
Status use_sizes(const Attributes& attributes, std::span<const int64_t> sizes,
                 std::span<const int> named, std::span<ResizedAxis> axes) {
  const std::string_view policy = attributes.text("keep_aspect_ratio_policy", "stretch");
  const bool smaller = policy == "not_larger";
  if (!smaller && policy != "not_smaller" && policy != "stretch") {
    return error(Code::kInvalidGraph, "unknown keep_aspect_ratio_policy ", policy);
  }
  float common = 0;
  for (size_t i = 0; i < named.size(); ++i) {
    ResizedAxis& axis = axes[static_cast<size_t>(named[i])];
    if (sizes[i] < 0 || sizes[i] > INT32_MAX || (axis.extent == 0 && sizes[i] > 0)) {
      return error(Code::kWrongShape, "an axis of the extent ", axis.extent,
                   " cannot be resized to ", sizes[i]);
    }
    axis.resized = static_cast<Extent>(sizes[i]);
    axis.length = static_cast<float>(sizes[i]);
    if (axis.extent == 0) continue;
    axis.scale = static_cast<float>(sizes[i]) / static_cast<float>(axis.extent);
    const bool better = smaller ? axis.scale < common : axis.scale > common;
    if (i == 0 || better) common = axis.scale;
  }
  if (policy == "stretch") return {};
  for (int at : named) {
    ResizedAxis& axis = axes[static_cast<size_t>(at)];
    axis.scale = common;
    // To the nearest integer; every extent here is below 2^31.
    axis.resized = static_cast<Extent>(
        std::min(std::floor(double{common} * axis.extent + 0.5), double{INT32_MAX}));
    axis.length = static_cast<float>(axis.resized);
  }
  return {};
}

Status use_scales(std::span<const float> scales, std::span<const int> named,
                  std::span<ResizedAxis> axes) {
  for (size_t i = 0; i < named.size(); ++i) {
    ResizedAxis& axis = axes[static_cast<size_t>(named[i])];
    axis.length = scales[i] * static_cast<float>(axis.extent);
    if (!(scales[i] > 0) || !(axis.length < 2147483648.0f)) {
      return error(Code::kWrongValue, "the scale ", scales[i], " of an axis of the extent ",
                   axis.extent);
    }
    axis.scale = scales[i];
    axis.resized = static_cast<Extent>(axis.length);
  }
  return {};
}

Result<std::vector<ResizedAxis>> resized_axes(const Node& node, const Shape& shape,
                                              const ResizeInputs& inputs) {
  const Attributes& attributes = *node.attributes;
  std::vector<ResizedAxis> axes;
  for (Extent extent : shape) axes.push_back({.extent = extent, .resized = extent});
  std::vector<int> named;
  if (!is_old(node) && attributes.has("axes")) {
    const Result<AxisSet> set = axis_set(attributes.integers("axes"), shape.rank(), &named);
    if (!set.ok()) return set.status();
  } else {
    for (int axis = 0; axis < shape.rank(); ++axis) named.push_back(axis);
  }
  if (inputs.sizes) {
    const std::vector<int64_t> sizes = integers_of(inputs.sizes);
    if (sizes.size() != named.size()) return wrong_count("sizes", sizes.size(), named.size());
    HEED_TRY(use_sizes(attributes, sizes, named, axes));
  } else {
    const auto scales = inputs.scales ? inputs.scales->values<float>() : attributes.reals("scales");
    if (scales.size() != named.size()) return wrong_count("scales", scales.size(), named.size());
    HEED_TRY(use_scales(scales, named, axes));
  }
  const bool crops = rules_of(node).crops();
  if (crops) {
    if (!inputs.region) return error(Code::kInvalidGraph, "tf_crop_and_resize needs the input roi");
    const auto region = inputs.region->values<float>();
    if (region.size() != 2 * named.size()) {
      return wrong_count("region bounds", region.size(), 2 * named.size());
    }
    for (size_t i = 0; i < named.size(); ++i) {
      ResizedAxis& axis = axes[static_cast<size_t>(named[i])];
      axis.roi_start = region[i];
      axis.roi_end = region[i + named.size()];
    }
  }
  for (ResizedAxis& axis : axes) {
    axis.identity = axis.scale == 1 && axis.resized == axis.extent &&
                    (!crops || (axis.roi_start == 0 && axis.roi_end == 1));
  }
  return axes;
}

ResizeInputs inputs_of(const Lowering& node) {
  ResizeInputs inputs;
  const auto given = [&](int input) -> const Constant* {
    const Constant* value = node.has(input) ? node.constant(input) : nullptr;
    return value && value->shape.count() > 0 ? value : nullptr;
  };
  if (is_old(node.node())) {
    inputs.scales = given(1);
  } else {
    if (rules_of(node.node()).crops()) inputs.region = given(1);
    inputs.scales = given(2);
    inputs.sizes = given(3);
  }
  return inputs;
}

// The value of an input that may be left out or be empty.
Status read_input(Inference& node, int input, bool integer, const Constant*& value) {
  if (!node.has(input) || node.shape(input).count() == 0) return {};
  const Result<const Constant*> given = node.required(input);
  if (!given.ok()) return given.status();
  const DType dtype = given.value()->dtype;
  if (integer ? dtype != DType::kI64 && dtype != DType::kI32 : dtype != DType::kF32) {
    return error(Code::kWrongType, "input ", input, " is ", dtype_name(dtype));
  }
  value = given.value();
  return {};
}

}  // namespace

Status infer_resize(Inference& node) {
  const ResizeRules rules = rules_of(node.node());
  HEED_TRY(check_rules(rules));
  if (rules.mode != "nearest" && node.dtype(0) != DType::kF32) {
    return error(Code::kUnsupportedType, rules.mode, " Resize of ", dtype_name(node.dtype(0)),
                 " is not supported");
  }
  ResizeInputs inputs;
  if (is_old(node.node())) {
    HEED_TRY(read_input(node, 1, false, inputs.scales));
  } else {
    if (rules.crops()) HEED_TRY(read_input(node, 1, false, inputs.region));
    HEED_TRY(read_input(node, 2, false, inputs.scales));
    HEED_TRY(read_input(node, 3, true, inputs.sizes));
  }
  const auto axes = resized_axes(node.node(), node.shape(0), inputs);
  if (!axes.ok()) return axes.status();
  std::vector<int64_t> dims;
  for (const ResizedAxis& axis : axes.value()) dims.push_back(axis.resized);
  return set_shape(node, node.dtype(0), dims);
}

namespace {

// One pass for each axis that changes, those that shrink first. `from` and `to` have the same order
// in memory.
void interpolate(Lowering& node, const ResizeRules& rules, std::span<const ResizedAxis> axes,
                 const View& from, const View& to) {
  const float outside = node.attributes().real("extrapolation_value", 0);
  // Axes as they lie in memory, and their extents as passes change them.
  int order[kMaxRank];
  const int rank = to.shape.rank();
  for (int axis = 0; axis < rank; ++axis) order[axis] = axis;
  insertion_sort(order, order + rank,
                 [&](int a, int b) { return from.strides[a] > from.strides[b]; });
  Shape extents;
  std::vector<int> passes;
  for (int at = 0; at < rank; ++at) {
    extents.push_back(from.shape[order[at]]);
    if (!axes[static_cast<size_t>(order[at])].identity) passes.push_back(at);
  }
  insertion_sort(passes.begin(), passes.end(), [&](int a, int b) {
    return axes[static_cast<size_t>(order[a])].scale < axes[static_cast<size_t>(order[b])].scale;
  });

  Buffer source = from.buffer;
  for (size_t pass = 0; pass < passes.size(); ++pass) {
    const int at = passes[pass];
    const ResizedAxis& axis = axes[static_cast<size_t>(order[at])];
    const AxisFilter filter = interpolation_filter(rules, axis);
    const kernels::AxisResize resize = {extents.count(0, at),        axis.extent, axis.resized,
                                        extents.count(at + 1, rank), filter.taps, outside};
    extents[at] = axis.resized;
    const Buffer target = pass + 1 == passes.size()
                              ? to.buffer
                              : node.scratch(static_cast<size_t>(extents.count()) * sizeof(float));
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

Status lower_resize(Lowering& node) {
  View from = node.input(0);
  const View to = node.output(0);
  if (to.shape.count() == 0) return {};
  const ResizeRules rules = rules_of(node.node());
  const std::vector<ResizedAxis> axes =
      resized_axes(node.node(), from.shape, inputs_of(node)).value();
  const size_t size = byte_size(to.dtype);

  if (rules.mode == "nearest") {
    AxisTables source;
    for (size_t axis = 0; axis < axes.size(); ++axis) {
      source[axis] = nearest_indices(rules, axes[axis]);
    }
    const Buffer outside = node.table(8, [&](std::byte* at) {
      const float value = node.attributes().real("extrapolation_value", 0);
      kernels::convert(DType::kF32, &value, to.dtype, at, 1);
    });
    run_indexed_copy(node, from, to, source, outside);
    return {};
  }

  const bool identity =
      std::all_of(axes.begin(), axes.end(), [](const ResizedAxis& axis) { return axis.identity; });
  if (identity || from.layout != to.layout) {
    // The passes keep the order in memory, so what differs is changed before them.
    const Strides strides = strides_of(from.shape, to.layout);
    const kernels::StridedCopy copy = kernels::make_copy(from.shape, from.strides, strides);
    const Buffer target =
        identity ? to.buffer : node.scratch(static_cast<size_t>(from.shape.count()) * size);
    node.run([=, source = from.buffer](const Run& run) {
      kernels::copy_strided(copy, run.at<std::byte>(source), run.at<std::byte>(target), size);
    });
    from.buffer = target;
    from.strides = strides;
  }
  if (!identity) interpolate(node, rules, axes, from, to);
  return {};
}

}  // namespace heed

#include "graph/operators/resize_axis.h"

#include <algorithm>
#include <cmath>

namespace heed {

namespace {

// The position in the input of output `i`, in float as ONNX Runtime computes it: where it lies on
// the border between two elements, another rounding would choose another nearest one.
float original_position(const ResizeRules& rules, const ResizedAxis& axis, Extent i) {
  const auto x = static_cast<float>(i);
  const auto extent = static_cast<float>(axis.extent);
  const auto resized = static_cast<float>(axis.resized);
  const float half_pixel = (x + 0.5f) / axis.scale - 0.5f;
  using enum ResizeCoordinates;
  switch (rules.coordinates) {
    case kAlignCorners:
      return axis.resized == 1 ? 0 : x * (extent - 1) / (axis.length - 1);
    case kAsymmetric:
      return x / axis.scale;
    case kTfHalfPixelForNn:
      return (x + 0.5f) / axis.scale;
    case kTfCropAndResize: {
      const float size = (axis.roi_end - axis.roi_start) * (extent - 1);
      const float start = axis.roi_start * (extent - 1);
      return axis.resized == 1 ? 0.5f * (axis.roi_start + axis.roi_end) * (extent - 1)
                               : start + x * size / (resized - 1);
    }
    case kPytorchHalfPixel:
      return axis.resized == 1 ? 0 : half_pixel;
    case kHalfPixelSymmetric:
      return extent / 2 * (1 - resized / (axis.scale * extent)) + half_pixel;
    case kHalfPixel:
      break;
  }
  return half_pixel;
}

bool outside_crop(const ResizeRules& rules, const ResizedAxis& axis, float position) {
  return rules.crops() && !(position >= 0 && position <= static_cast<float>(axis.extent - 1));
}

// Positions of absurd scales and regions are infinite or NaN; any index in the axis will do for
// them.
Extent clamp_index(float index, Extent extent) {
  if (!(index > 0)) return 0;
  const auto last = static_cast<float>(extent - 1);
  return index >= last ? extent - 1 : static_cast<Extent>(index);
}

float round_position(ResizeRounding mode, float position, float scale) {
  using enum ResizeRounding;
  if (mode == kSimple) mode = scale < 1 ? kCeil : kFloor;
  if (mode == kFloor) return std::floor(position);
  if (mode == kCeil) return std::ceil(position);
  if (mode == kRoundPreferCeil) return std::floor(position + 0.5f);
  return std::ceil(position - 0.5f);
}

// The filter's value at a distance of `x` elements.
float kernel_value(const ResizeRules& rules, float x) {
  x = std::fabs(x);
  if (rules.mode == ResizeMode::kLinear) return std::max(1 - x, 0.0f);
  const float a = rules.cubic_a;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

}  // namespace

void nearest_indices(const ResizeRules& rules, const ResizedAxis& axis, Extent* indices) {
  for (Extent i = 0; i < axis.resized; ++i) {
    const float position = original_position(rules, axis, i);
    const float rounded = round_position(rules.rounding, position, axis.scale);
    indices[i] = axis.identity                         ? i
                 : outside_crop(rules, axis, position) ? -1
                                                       : clamp_index(rounded, axis.extent);
  }
}

AxisFilter interpolation_filter(const ResizeRules& rules, const ResizedAxis& axis) {
  AxisFilter filter;
  const float radius = rules.mode == ResizeMode::kLinear ? 1 : 2;
  // An antialiased filter is stretched over the input elements that fall into one output element.
  // Beyond twice the axis there is only the border, and the sum is normalised.
  float stretch = rules.antialias ? std::min(axis.scale, 1.0f) : 1;
  stretch = std::max(stretch, radius / (2 * static_cast<float>(axis.extent) + 2));
  const int half = -static_cast<int>(std::floor(-radius / stretch));
  filter.taps = 2 * half;
  const size_t count = static_cast<size_t>(axis.resized) * static_cast<size_t>(filter.taps);
  filter.indices.resize(count);
  filter.weights.resize(count);
  for (Extent i = 0; i < axis.resized; ++i) {
    const float position = original_position(rules, axis, i);
    const size_t first = static_cast<size_t>(i) * static_cast<size_t>(filter.taps);
    if (outside_crop(rules, axis, position)) {
      filter.indices[first] = -1;
      continue;
    }
    const float limit = 2 * static_cast<float>(axis.extent);
    const float left = std::clamp(position == position ? std::floor(position) : 0, -limit, limit);
    const float ratio = std::clamp(position - left, 0.0f, 1.0f);
    float sum = 0;
    for (int t = 0; t < filter.taps; ++t) {
      const int from_left = t - half + 1;
      const float index = left + static_cast<float>(from_left);
      const bool inside = index >= 0 && index < static_cast<float>(axis.extent);
      float weight = kernel_value(rules, (static_cast<float>(from_left) - ratio) * stretch);
      if (rules.exclude_outside && !inside) weight = 0;
      filter.indices[first + static_cast<size_t>(t)] = clamp_index(index, axis.extent);
      filter.weights[first + static_cast<size_t>(t)] = weight;
      sum += weight;
    }
    if ((rules.exclude_outside || rules.antialias) && sum != 0) {
      for (int t = 0; t < filter.taps; ++t) filter.weights[first + static_cast<size_t>(t)] /= sum;
    }
  }
  return filter;
}

}  // namespace heed

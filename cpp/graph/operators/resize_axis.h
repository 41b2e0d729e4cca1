// The coordinates and weights of ONNX's Resize along one axis.
#pragma once

#include <string_view>
#include <vector>

#include "base/shape.h"

namespace heed {

// One resized axis.
struct ResizedAxis {
  Extent extent = 0;
  Extent resized = 0;
  float scale = 1;   // output over input, as given or found from the sizes
  float length = 0;  // for align_corners: `resized`, or scale * extent where scales are given
  float roi_start = 0, roi_end = 1;  // of tf_crop_and_resize
  bool identity = false;             // every element stays what it is
};

// What holds for all axes. The texts are the attributes' (they outlive this).
struct ResizeRules {
  std::string_view mode;         // nearest, linear, cubic
  std::string_view coordinates;  // coordinate_transformation_mode
  std::string_view nearest;      // nearest_mode, or "simple": that of operator sets before 11
  float cubic_a = -0.75f;
  bool exclude_outside = false;
  bool antialias = false;

  bool crops() const { return coordinates == "tf_crop_and_resize"; }
};

// For each output the input's index that nearest interpolation takes, or -1 outside of a crop.
std::vector<Extent> nearest_indices(const ResizeRules& rules, const ResizedAxis& axis);

// For each output `taps` indices and weights; the first index is -1 outside of a crop.
struct AxisFilter {
  int taps = 0;
  std::vector<Extent> indices;
  std::vector<float> weights;
};
AxisFilter interpolation_filter(const ResizeRules& rules, const ResizedAxis& axis);

}  // namespace heed

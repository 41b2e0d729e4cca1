// The coordinates and weights of ONNX's Resize along one axis.
#pragma once

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

enum class ResizeMode : uint8_t { kNearest, kLinear, kCubic };

// coordinate_transformation_mode, in the order in which resize.cpp names them.
enum class ResizeCoordinates : uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNn,
  kTfCropAndResize,
};

// nearest_mode, likewise; kSimple is that of operator sets before 11.
enum class ResizeRounding : uint8_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil, kSimple };

// What holds for all axes.
struct ResizeRules {
  ResizeMode mode = ResizeMode::kNearest;
  ResizeCoordinates coordinates = ResizeCoordinates::kAsymmetric;
  ResizeRounding rounding = ResizeRounding::kSimple;
  float cubic_a = -0.75f;
  bool exclude_outside = false;
  bool antialias = false;

  bool crops() const { return coordinates == ResizeCoordinates::kTfCropAndResize; }
};

// Writes for each output the input's index that nearest interpolation takes, or -1 outside of a
// crop.
void nearest_indices(const ResizeRules& rules, const ResizedAxis& axis, Extent* indices);

// For each output `taps` indices and weights; the first index is -1 outside of a crop.
struct AxisFilter {
  int taps = 0;
  std::vector<Extent> indices;
  std::vector<float> weights;
};
AxisFilter interpolation_filter(const ResizeRules& rules, const ResizedAxis& axis);

}  // namespace heed

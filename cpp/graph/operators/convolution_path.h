// Which kernel carries out a convolution.
#pragma once

#include "graph/operators/window.h"
#include "kernels/convolution.h"

namespace heed {

// A convolution with the kernel that is chosen for it. Plain data: tasks hold copies.
struct ConvolutionPath {
  enum Kind { kGeneral, kPointwise, kDepthwise, kPlanes } kind = kGeneral;
  kernels::Convolution shape;

  int64_t packed_count() const;
  void pack(const float* weights, float* packed) const;  // of ONNX's weights
  int64_t scratch_count() const;                         // floats
  void run(const float* input, const float* packed, const float* bias, float* output,
           const kernels::Epilogue& epilogue, float* scratch) const;
};

// Of an input with so many images and channels.
ConvolutionPath choose_path(const Window& window, Extent batch, Extent in_channels,
                            Extent out_channels, Extent groups);

}  // namespace heed

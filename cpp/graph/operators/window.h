// The sliding window of convolutions: kernel, strides, dilations and padding of up to three spatial
// axes.
#pragma once

#include "graph/operator.h"

namespace heed {

// Spatial axes stand at the end: with two of them, entry 0 is an axis of extent 1 that no tensor
// has.
struct Window {
  int rank = 0;  // spatial axes
  Extent kernel[3] = {1, 1, 1};
  Extent stride[3] = {1, 1, 1};
  Extent dilation[3] = {1, 1, 1};
  Extent pad_begin[3] = {0, 0, 0};
  Extent pad_end[3] = {0, 0, 0};
  Extent in[3] = {1, 1, 1};
  Extent out[3] = {1, 1, 1};
};

// The window of a Conv of `input` (N, C, spatial...) with kernels of the extents `kernel`; auto_pad
// is resolved. An error where attributes contradict each other or the shapes, or the kernel is
// larger than the padded input.
Result<Window> convolution_window(const Attributes& attributes, const Shape& input,
                                  std::span<const Extent> kernel);

// The same for ConvTranspose, with output_padding and output_shape.
Result<Window> transposed_window(const Attributes& attributes, const Shape& input,
                                 std::span<const Extent> kernel);

}  // namespace heed

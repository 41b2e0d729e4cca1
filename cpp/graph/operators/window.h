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

// The window of a Conv of input 0 (N, C, spatial...) with the weights of input 1 (of two axes, then
// the kernel's); auto_pad is resolved. False, and an error, where attributes contradict each other
// or the shapes, or the kernel is larger than the padded input.
bool convolution_window(NodeReader& node, Window& window);

// The same for ConvTranspose, with output_padding and output_shape.
bool transposed_window(NodeReader& node, Window& window);

// The same for pooling, with ceil_mode; `whole`: the kernel is as large as the input, and no
// attribute counts.
bool pooling_window(NodeReader& node, bool whole, Window& window);

// The extents of the output that has `channels`.
Dims output_dims(const Window& window, Extent batch, int64_t channels);

// Conv, ConvTranspose and ConvInteger: the attribute group of which the input's and the weights'
// channels fit; 0, and an error, where they do not.
int64_t checked_groups(NodeReader& node, bool transposed);

}  // namespace heed

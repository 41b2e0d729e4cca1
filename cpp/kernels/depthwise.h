// Convolution of channels-last tensors in groups of 1 (depthwise), 2 or 4 channels, computed
// directly: four channels are a vector, whose lanes see the channels of their own groups only.
#pragma once

#include "kernels/convolution.h"

namespace heed::kernels {

// Whether `convolve_depthwise` takes this convolution: in_channels = out_channels, groups of one
// channel or of 2 or 4 that fill vectors (one group of 4 is also taken), at most two spatial axes
// (axes[0] does nothing), output contiguous.
bool is_depthwise(const Convolution& shape);

// Floats of packed weights: [taps][vector of channels][channel of the group][4].
int64_t packed_depthwise_count(const Convolution& shape);
// Of ONNX's weights (channels, channels of a group, taps...).
void pack_depthwise(const Convolution& shape, const float* weights, float* packed);

// output = activation(conv(input) + bias + residual), as `convolve`. Sums run over taps, then
// channels.
void convolve_depthwise(const Convolution& shape, const float* input, const float* packed,
                        const float* bias, float* output, const Epilogue& epilogue);

}  // namespace heed::kernels

// Depthwise convolution of channels-last tensors, computed directly: each channel has a kernel of
// its own, and four channels are a vector.
#pragma once

#include "kernels/convolution.h"

namespace heed::kernels {

// Whether `convolve_depthwise` takes this convolution: groups = in_channels = out_channels, at most
// two spatial axes (axes[0] does nothing), output contiguous.
bool is_depthwise(const Convolution& shape);

// Floats of packed weights: [taps][channels, rounded up to 4].
int64_t packed_depthwise_count(const Convolution& shape);
// Of ONNX's weights (channels, 1, taps...).
void pack_depthwise(const Convolution& shape, const float* weights, float* packed);

// output = activation(conv(input) + bias + residual), as `convolve`. Sums run over taps in order.
void convolve_depthwise(const Convolution& shape, const float* input, const float* packed,
                        const float* bias, float* output, const Epilogue& epilogue);

}  // namespace heed::kernels

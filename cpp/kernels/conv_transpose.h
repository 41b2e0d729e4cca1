// Transposed convolution of channels-last tensors. Output positions that are equal modulo the
// strides see the same taps: each such phase is a convolution of stride 1 over the input, which
// writes every `stride`-th output position once. Nothing is scattered or added up in memory, and
// zeros between the inputs are never multiplied.
#pragma once

#include "kernels/convolution.h"

namespace heed::kernels {

// Tap t of input position i adds to output position i * stride + t * dilation - pad.
struct TransposedAxis {
  Extent in = 1, out = 1;
  Extent taps = 1;
  Extent stride = 1;
  Extent dilation = 1;
  Extent pad = 0;
};

// Input (batch, axes.in..., in_channels), output (batch, axes.out..., out_channels), both
// contiguous.
struct TransposedConvolution {
  Extent batch = 1;
  Extent groups = 1;
  Extent in_channels = 0, out_channels = 0;  // of all groups
  TransposedAxis axes[3];

  Extent group_in() const { return in_channels / groups; }
  Extent group_out() const { return out_channels / groups; }
};

// Floats of packed weights. Their form depends on everything but the batch and the extents, of
// which only min(stride, out) matters.
int64_t packed_transposed_count(const TransposedConvolution& shape);
// Of ONNX's weights (in_channels, group_out, taps...).
void pack_transposed(const TransposedConvolution& shape, const float* weights, float* packed);

// output = activation(conv_transpose(input) + bias + residual); as `convolve`.
void conv_transpose(const TransposedConvolution& shape, const float* input, const float* packed,
                    const float* bias, float* output, const Epilogue& epilogue);

}  // namespace heed::kernels

#pragma once

namespace heed::attention {

class Builder;

// Conv1d: convolution along a sequence, as torch.nn.Conv1d.
//
// - Formula: y[o, l] = b[o] + sum over i, k of w[o, i, k] x[i, l * stride + k * dilation - padding]
// - Input x: (batch, channels, length)
// - Output output: (batch, outChannels, length')
// - Option inChannels: number. Of a new layer.
// - Option outChannels: number. Of a new layer.
// - Option kernelSize: number. Of a new layer.
// - Option stride: number = 1.
// - Option padding: number | "same" = 0. "same" keeps the size (odd kernels, stride 1).
// - Option dilation: number = 1.
// - Option groups: number = 1.
// - Option bias: boolean = true. Of a new layer.
// - Weights: weight (outChannels, channels / groups, kernel), bias (outChannels)
// - Source: torch.nn.Conv1d
// - Example: { inChannels: 3, outChannels: 8, kernelSize: 5, padding: 2 } of x [1, 3, 20]
void build_conv1d(Builder& b);

// Conv2d: convolution over a feature map, as torch.nn.Conv2d.
//
// - Formula: y[o, p] = b[o] + sum over i, k of w[o, i, k] x[i, p * stride + k * dilation - padding]
// - Input x: (batch, channels, height, width)
// - Output output: (batch, outChannels, height', width')
// - Option inChannels: number. Of a new layer.
// - Option outChannels: number. Of a new layer.
// - Option kernelSize: number | number[]. Of a new layer: one for both axes, or height and width.
// - Option stride: number | number[] = 1.
// - Option padding: number | number[] | "same" = 0. "same" keeps the size (odd kernels, stride 1).
// - Option dilation: number | number[] = 1.
// - Option groups: number = 1.
// - Option bias: boolean = true. Of a new layer.
// - Weights: weight (outChannels, channels / groups, kernel height, kernel width), bias
// (outChannels)
// - Source: torch.nn.Conv2d
// - Example: { inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1 } of x [1, 3, 20, 30]
void build_conv2d(Builder& b);

// ConvTranspose2d: the transpose of a convolution, as torch.nn.ConvTranspose2d.
//
// - Formula: y[o, p * stride + k * dilation - padding] += w[i, o, k] x[i, p]
// - Input x: (batch, channels, height, width)
// - Output output: (batch, outChannels, height', width'), height' = (height - 1) * stride - 2 *
// padding + dilation * (kernel - 1) + outputPadding + 1
// - Option inChannels: number. Of a new layer.
// - Option outChannels: number. Of a new layer.
// - Option kernelSize: number | number[]. Of a new layer.
// - Option stride: number | number[] = 1.
// - Option padding: number | number[] = 0.
// - Option outputPadding: number | number[] = 0.
// - Option dilation: number | number[] = 1.
// - Option groups: number = 1.
// - Option bias: boolean = true. Of a new layer.
// - Weights: weight (channels, outChannels / groups, kernel height, kernel width), bias
// (outChannels)
// - Source: torch.nn.ConvTranspose2d
// - Example: { inChannels: 8, outChannels: 3, kernelSize: 2, stride: 2 } of x [1, 8, 10, 15]
void build_conv_transpose2d(Builder& b);

}  // namespace heed::attention

// Squeeze-and-Excitation: built from weights, and found in graphs that came from files.
#pragma once

#include <optional>

#include "graph/editor.h"

namespace heed::attention {

class Builder;

// SqueezeExcite: a gate for each channel from a small network of the channels' means.
//
// - Formula: z = GAP(x), s = gate(W2 act(W1 z + b1) + b2), y = x * s
// - Input x: (batch, channels, height, width), or any number of spatial axes
// - Output output: as x
// - Map attention: channel, (batch, channels, 1, 1)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Hidden width of a new layer; by default that of timm's SEModule,
// channels / reduction rounded to a multiple of 8.
// - Option reduction: number = 16. Of a new layer.
// - Option bias: boolean = true. Of a new layer.
// - Option activation: Activation = "relu". EfficientNet has "silu".
// - Option gate: Activation = "sigmoid". MobileNetV3 has "hard_sigmoid"; "keras" and "mmcv" are
// hard sigmoids of other slopes.
// - Option addMaxPool: boolean = false. z is the mean of GAP and GMP (timm).
// - Option layout: "NCHW" | "NHWC" = "NCHW". x is (batch, height, width, channels) (timm's
// SqueezeExciteCl).
// - Option prefix: string. Of Caffe's names.
// - Weights: fc1, fc2 (timm, torchvision); conv_reduce, conv_expand (timm's EfficientNet); fc.0,
// fc.2 (moskomule); fc.1, fc.3; <prefix>_1x1_down, <prefix>_1x1_up (Caffe), each .weight (out, in)
// or (out, in, 1, 1) and perhaps .bias; perhaps a batch norm bn
// - Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; github.com/hujie-frank/SENet
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_squeeze_excite(Builder& b);

// The block that ends with the product `last`, in these forms: full connections as 1x1 convolutions
// or as Linear layers, with or without bias; any hidden width and activations; and the residual
// form of PP-OCR's detection neck, y = x + x * s.
std::optional<Block> match_squeeze_excite(Editor& editor, Node& last);

}  // namespace heed::attention

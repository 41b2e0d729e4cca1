#pragma once

namespace heed::attention {

class Builder;

// SpatialSqueeze: a gate for each position, from all of its channels.
//
// - Formula: q = sigmoid(w x + b), a 1x1 convolution to one channel; y = x * q
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, 1, height, width)
// - Option channels: number. Of a new layer.
// - Option bias: boolean = true. Of a new layer.
// - Weights: conv.weight (1, channels, 1, 1), perhaps conv.bias (1); 0 in place of conv
// (segmentation_models_pytorch)
// - Source: Roy, Navab and Wachinger, "Concurrent Spatial and Channel Squeeze & Excitation", MICCAI
// 2018; github.com/ai-med/squeeze_and_excitation
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_spatial_squeeze(Builder& b);

// ConcurrentSqueezeExcite: squeeze-excite and the spatial gate side by side (scSE).
//
// - Formula: y = max(x * s, x * q), s of SqueezeExcite, q of SpatialSqueeze; or their sum
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map channel: channel, (batch, channels, 1, 1)
// - Map spatial: spatial, (batch, 1, height, width)
// - Option merge: "max" | "sum" = "max". The paper's final form is "max"; most re-implementations
// have "sum".
// - Option channels: number. Of a new layer.
// - Option hidden: number. As of SqueezeExcite.
// - Option reduction: number = 16. Of a new layer.
// - Option bias: boolean = true. Of a new layer.
// - Option activation: Activation = "relu". Of the channel part.
// - Option gate: Activation = "sigmoid". Of the channel part.
// - Option addMaxPool: boolean = false. As of SqueezeExcite.
// - Option prefix: string. As of SqueezeExcite.
// - Weights: cSE. with those of SqueezeExcite, sSE. with those of SpatialSqueeze
// - Source: Roy, Navab and Wachinger, "Concurrent Spatial and Channel Squeeze & Excitation", MICCAI
// 2018; github.com/ai-med/squeeze_and_excitation
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_concurrent_squeeze_excite(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// ChannelGate: CBAM's gate for each channel, from pools that share one small network.
//
// - Formula: s = gate(sum over pools p of W2 act(W1 p(x) + b1) + b2), y = x * s
// - Input x: (batch, channels, height, width), or any number of spatial axes
// - Output output: as x
// - Map attention: channel, (batch, channels, 1, 1)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Of a new layer; channels / reduction by default.
// - Option reduction: number = 16. Of a new layer.
// - Option bias: boolean = true. Of a new layer.
// - Option pools: string[] = ["avg", "max"]. Any of "avg", "max", "lp" (the L2 norm) and "lse"
// (log-sum-exp, not averaged).
// - Option light: boolean = false. The pools' mean goes through the network once (timm's
// LightChannelAttn).
// - Option activation: Activation = "relu".
// - Option gate: Activation = "sigmoid".
// - Weights: mlp.1, mlp.3 (official, with bias); fc1, fc2 (timm); se.0, se.2 (xmu), each .weight
// (out, in) or (out, in, 1, 1) and perhaps .bias
// - Source: Woo et al., "CBAM", ECCV 2018; github.com/Jongchan/attention-module
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_channel_gate(Builder& b);

// SpatialGate: CBAM's gate for each position, from the greatest and the mean of its channels.
//
// - Formula: q = gate(BN(conv([max over channels, mean over channels]))), y = x * q
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, 1, height, width)
// - Option kernelSize: number = 7. Of a new layer.
// - Option light: boolean = false. Half of both pools is one channel; by default as the weight says
// (timm's LightSpatialAttn).
// - Option order: "max-mean" | "mean-max". What the convolution's first input channel is. By
// default as the weights' names say: timm's have "mean-max".
// - Option gate: Activation = "sigmoid".
// - Weights: spatial.conv.weight (1, 2, kernel, kernel), spatial.bn (official); conv.conv, conv.bn
// (timm); conv, with bias and without bn (xmu)
// - Source: Woo et al., "CBAM", ECCV 2018; github.com/Jongchan/attention-module
// - Example: {} of x [1, 16, 14, 14]
void build_spatial_gate(Builder& b);

// CBAM: the channel gate, then the spatial gate.
//
// - Formula: y1 = x * Mc(x), y = y1 * Ms(y1)
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map channel: channel, (batch, channels, 1, 1)
// - Map spatial: spatial, (batch, 1, height, width)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Of a new layer; channels / reduction by default.
// - Option reduction: number = 16. Of a new layer.
// - Option bias: boolean = true. Of a new layer's channel gate.
// - Option pools: string[] = ["avg", "max"]. As of ChannelGate.
// - Option kernelSize: number = 7. Of a new layer's spatial gate.
// - Option order: "max-mean" | "mean-max". As of SpatialGate.
// - Option light: boolean. timm's LightCbamModule; by default as the weights say.
// - Option noSpatial: boolean = false. Without the spatial gate.
// - Option residual: boolean. y + x; by default whether the weights have xmu's names.
// - Option activation: Activation = "relu". Of the channel gate.
// - Option gate: Activation = "sigmoid".
// - Weights: ChannelGate. and SpatialGate. (official), channel. and spatial. (timm), ca. and sa.
// (xmu), with those of the two gates
// - Dialects: official and xmu pool [max, mean], timm [mean, max]: the weights' names tell
// - Source: Woo et al., "CBAM", ECCV 2018; github.com/Jongchan/attention-module
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_cbam(Builder& b);

}  // namespace heed::attention

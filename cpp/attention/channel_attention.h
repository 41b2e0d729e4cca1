#pragma once

namespace heed::attention {

class Builder;

// ChannelAttention: a gate for each channel from one full connection, without reduction.
// Known as effective squeeze-excite (ESE).
//
// - Formula: s = gate(W GAP(x) + b), y = x * s
// - Input x: (batch, channels, height, width), or any number of spatial axes
// - Output output: as x
// - Map attention: channel, (batch, channels, 1, 1)
// - Option channels: number. Of a new layer.
// - Option gate: Activation = "sigmoid". timm's EffectiveSEModule has "hard_sigmoid".
// - Weights: fc.weight (channels, channels) or (channels, channels, 1, 1), fc.bias (channels)
// - Source: Lee and Park, "CenterMask", CVPR 2020; github.com/youngwanLEE/vovnet-detectron2; timm
// EffectiveSEModule
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_channel_attention(Builder& b);

}  // namespace heed::attention

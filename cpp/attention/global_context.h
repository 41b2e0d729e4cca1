#pragma once

namespace heed::attention {

class Builder;

// GlobalContext: one pooled vector for all positions, by a softmax over them, scales and shifts
// each channel (GCNet).
//
// - Formula: m = softmax over the positions of w.x + b, c = sum m x, v = W2 relu(LN(W1 c + b1)) +
// b2; y = x + v (fusion "add"), x * sigmoid(v) ("mul"), or x * sigmoid(v) + v' (both, of weights
// each)
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, 1, height*width)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Width of v's W1, of a new layer; by default channels / 16.
// - Option fusion: string[] = ["add"]. Of a new layer: "add", "mul" or both. Weights tell it
// themselves.
// - Weights: conv_mask, channel_add_conv.{0,1,3}, channel_mul_conv.{0,1,3} (official; LN's epsilon
// is 1e-5); conv_attn, mlp_add.{fc1,norm,fc2}, mlp_scale.{fc1,norm,fc2} (timm; 1e-6)
// - Source: Cao et al., "GCNet", ICCVW 2019; github.com/xvjiarui/GCNet; timm GlobalContext
// - Example: { channels: 16, hidden: 4 } of x [1, 16, 14, 14]
void build_global_context(Builder& b);

}  // namespace heed::attention

// Dual attention (DANet): positions attend to positions, and channels to channels.
#pragma once

namespace heed::attention {

class Builder;

// PositionAttention: every position gathers from all others what resembles it (PAM).
//
// - Formula: q, k, v = Wq x, Wk x, Wv x, A = softmax_j(q_i . k_j), y_i = gamma * sum_j A_ij v_j +
// x_i
// - Input x: (batch, channels, height, width), or any number of spatial axes
// - Output output: as x
// - Map attention: self, (batch, positions, positions), rows sum to 1; not scaled by the width
// - Option channels: number. Of a new layer.
// - Option hidden: number. Width of queries and keys of a new layer, by default channels / 8.
// - Weights: query_conv, key_conv (hidden, channels, 1, 1), value_conv (channels, channels, 1, 1),
// each with .weight and .bias; gamma (1), 0 in a new layer
// - Source: Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019;
// github.com/junfu1115/DANet
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_position_attention(Builder& b);

// ChannelSelfAttention: every channel gathers from the others what resembles it least (CAM).
//
// - Formula: G = X X^T of X (channels, positions), A = softmax(rowmax(G) - G), y = gamma * A X + x
// - Input x: (batch, channels, height, width), or any number of spatial axes
// - Output output: as x
// - Map attention: self, (batch, channels, channels), rows sum to 1; the least similar channel has
// the highest weight
// - Weights: gamma (1), 0 in a new layer
// - Source: Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019;
// github.com/junfu1115/DANet
// - Example: {} of x [1, 16, 14, 14]
void build_channel_self_attention(Builder& b);

// DualAttention: DANet's head, position and channel attention in parallel, each between two
// convolutions.
//
// - Formula: a = conv51(PositionAttention(conv5a(x))), c = conv52(ChannelSelfAttention(conv5c(x))),
// fused = conv8(a + c), position = conv6(a), channel = conv7(c)
// - Input x: (batch, channels, height, width)
// - Output fused: (batch, classes, height, width)
// - Output position: as fused, of the position attention alone
// - Output channel: as fused, of the channel attention alone
// - Map position: self, (batch, positions, positions)
// - Map channel: self, (batch, inner, inner)
// - Option channels: number. Of a new layer.
// - Option inner: number. Channels inside of a new layer, by default channels / 4.
// - Option classes: number. Of a new layer.
// - Weights: conv5a, conv5c, conv51, conv52, each .0.weight (inner, ..., 3, 3) and a batch norm .1;
// sa as PositionAttention's; sc.gamma; conv6.1, conv7.1, conv8.1 (classes, inner, 1, 1)
// - Source: Fu et al., "Dual Attention Network for Scene Segmentation", CVPR 2019;
// github.com/junfu1115/DANet, DANetHead
// - Example: { channels: 64, classes: 5 } of x [1, 64, 10, 10]
void build_dual_attention(Builder& b);

}  // namespace heed::attention

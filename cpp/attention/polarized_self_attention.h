#pragma once

namespace heed::attention {

class Builder;

// PolarizedSelfAttention: a channel gate from positions pooled by their scores, a spatial gate from
// the mean's likeness to each position.
//
// - Formula: c = sigmoid(U Wv sum softmax(wq.x) x), the softmax over positions; of q = Wl GAP(x), v
// = Vl x: s = sigmoid(softmax(q.v)), y = x * c + x * s (parallel); or U = U2 relu(LN(U1 z)), and of
// x * c instead of x: s = sigmoid(q . softmax(v)), y = x * c * s (sequential)
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map channel: channel, (batch, channels, 1, 1)
// - Map spatial: spatial, (batch, 1, height, width)
// - Option channels: number. Of a new layer.
// - Option form: "parallel" | "sequential" = "parallel". Of a new layer; weights tell it
// themselves.
// - Weights: conv_q_right (1, channels, 1, 1), conv_v_right, conv_q_left, conv_v_left (channels /
// 2, channels, 1, 1), conv_up (parallel) or conv_up.{0,1,3} (sequential)
// - Dialects: As in the official code the pooled query is not softmaxed over channels.
// - Source: Liu et al., "Polarized Self-Attention", 2021; github.com/DeLightCMU/PSA
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_polarized_self_attention(Builder& b);

}  // namespace heed::attention

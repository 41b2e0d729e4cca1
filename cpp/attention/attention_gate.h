#pragma once

namespace heed::attention {

class Builder;

// AttentionGate: a coarser signal says which positions of a skip connection count (Attention
// U-Net).
//
// - Formula: a = up(sigmoid(psi relu(theta(x) + up(phi g + b)) + b')), y = BN(W (x * a) + b"),
// theta a 2x2 convolution with stride 2, up bilinear; the additive form: a = sigmoid(BN(psi
// relu(BN(Wx x)
// + BN(Wg g)))), y = x * a
// - Input x: (batch, channels, height, width)
// - Input g: (batch, gating, rows, columns), of any size; in the additive form that of x
// - Output output: as x
// - Map attention: spatial, (batch, 1, height, width)
// - Option form: "grid" | "additive" = "grid". Of a new layer; weights tell it themselves.
// - Option channels: number. Of a new layer.
// - Option gating: number. Channels of g, of a new layer.
// - Option hidden: number. Of a new layer; by default channels / 2.
// - Weights: theta (its kernel is its stride), phi, psi, W.0, W.1 (ozan-oktay); W_g.{0,1},
// W_x.{0,1}, psi.{0,1} (LeeJunHyun)
// - Source: Oktay et al., "Attention U-Net", MIDL 2018;
// github.com/ozan-oktay/Attention-Gated-Networks; github.com/LeeJunHyun/Image_Segmentation
// - Example: { channels: 16, gating: 32 } of x [1, 16, 14, 14], g [1, 32, 7, 7]
void build_attention_gate(Builder& b);

}  // namespace heed::attention

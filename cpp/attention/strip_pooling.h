#pragma once

namespace heed::attention {

class Builder;

// StripPooling: what rows and columns hold in the mean. SPNet's module adds what two pyramid pools
// hold, and the input; timm's is a gate.
//
// - Formula: of a = relu(BN(W1 x)), b = relu(BN(W2 x)), conv and up standing for convolution with
// batch norm and for bilinear resizing with aligned corners: p = relu(conv(relu(conv(a) +
// up(conv(pool_m(a))) + up(conv(pool_n(a)))))), q = relu(conv(relu(conv(columns(b)) +
// conv(rows(b))))), y = relu(x + BN(W3 [p, q])); as a gate, a = sigmoid(dw(k,1)(mean_w(x)) +
// dw(1,k)(mean_h(x))), y = x * a
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, channels, height, width); of the gate only
// - Option sizes: number[] = [20, 12]. SPNet's pyramid pools have so many rows and columns.
// - Option channels: number. Of a new layer.
// - Option gate: boolean = false. Of a new layer: timm's gate. Weights tell it themselves.
// - Option kernel: number = 3. Of a new gate.
// - Weights: conv1_{1,2}.{0,1}, conv2_{0,...,6}.{0,1}, conv3.{0,1}, convolution and batch norm each
// (SPNet); conv_h, conv_w, perhaps with .bias (timm StripAttn)
// - Source: Hou et al., "Strip Pooling", CVPR 2020; github.com/houqb/SPNet; timm StripAttn
// - Example: { channels: 16, gate: true } of x [1, 16, 14, 14]
void build_strip_pooling(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// CPCA: a channel gate, then a map of strips of several lengths that weighs each element (channel
// prior convolutional attention; the official RepBlock).
//
// - Formula: t = gelu(W x + b), c = sigmoid(MLP(GAP(t))) + sigmoid(MLP(GMP(t))), u = t * c, d =
// dw5x5(u), s = W (d + sum over n of dw(n,1)(dw(1,n)(d))) + b, y = W (s * u) + b, n = 7, 11, 21;
// MLP = W2 relu(W1 z + b1) + b2, and W is the same three times
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map channel: channel, (batch, channels, 1, 1), in 0..2
// - Map spatial: spatial, (batch, channels, height, width), of any value
// - Option channels: number. Of a new layer.
// - Option reduction: number = 4. Of a new layer.
// - Weights: conv, ca.fc1, ca.fc2, dconv5_5, dconv1_{7,11,21}, dconv{7,11,21}_1
// - Source: Huang et al., "Channel prior convolutional attention", 2023;
// github.com/Cuthbert-Huang/CPCANet
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_cpca(Builder& b);

}  // namespace heed::attention

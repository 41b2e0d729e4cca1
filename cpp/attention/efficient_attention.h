#pragma once

namespace heed::attention {

class Builder;

// EfficientAttention: attention of linear cost: keys and values are summed into one small matrix
// first.
//
// - Formula: per head context = softmax(K x) (V x)^T over positions, y = x + W(context^T
// softmax(Q x) over the head's channels); with the feature map f = elu + 1 context = f(K x) (V
// x)^T, y = x + W(context^T f(Q x) / (f(Q x) . sum of f(K x) over positions))
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map context: self, (batch, heads, channels of keys, channels of values)
// - Option channels: number. Of a new layer.
// - Option heads: number = 1.
// - Option keys: number. Channels of keys and queries in a new layer; by default channels.
// - Option values: number. Channels of values in a new layer; by default channels.
// - Option featureMap: "softmax" | "elu" = "softmax". What queries and keys go through: "elu" is
// Katharopoulos's elu + 1.
// - Weights: keys, queries, values, reprojection, each .weight (out, in, 1, 1) and .bias
// - Source: Shen et al., "Efficient Attention: Attention with Linear Complexities", WACV 2021;
// github.com/cmsflash/efficient-attention; Katharopoulos et al., "Transformers are RNNs", ICML 2020
// - Example: { channels: 16, heads: 2 } of x [1, 16, 7, 9]
void build_efficient_attention(Builder& b);

}  // namespace heed::attention

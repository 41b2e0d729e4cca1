#pragma once

namespace heed::attention {

class Builder;

// CrissCrossAttention: every position attends to its column and its row; done twice, to all
// positions.
//
// - Formula: q, k, v = Wq x, Wk x, Wv x, map = softmax over q . k for the column without the
// position itself and for its row, y = gamma * map v + x; then the same of y, with the same weights
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: self, (batch, height, width, height + width), of the last pass: the weights of
// the column, 0 for the position itself, then those of the row
// - Option channels: number. Of a new layer.
// - Option hidden: number. Width of queries and keys of a new layer; by default channels / 8.
// - Option recurrence: number = 1. Passes; CCNet has 2.
// - Weights: query_conv, key_conv (hidden, channels, 1, 1), value_conv (channels, channels, 1, 1),
// each with .weight and .bias; gamma (1), 0 in a new layer
// - Source: Huang et al., "CCNet: Criss-Cross Attention for Semantic Segmentation", ICCV 2019;
// github.com/speedinghzl/CCNet
// - Example: { channels: 16, recurrence: 2 } of x [1, 16, 7, 9]
void build_criss_cross_attention(Builder& b);

}  // namespace heed::attention

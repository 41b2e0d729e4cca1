#pragma once

namespace heed::attention {

class Builder;

// SequenceSelfAttention: self-attention of a sequence in one head, perhaps with a read-out to one
// vector.
//
// - Formula: A = softmax(Q K^T / sqrt(d)), y = A V; with readOut z = sum_t y_t / ||y||_2, the norm
// of each channel over the positions
// - Input x: (batch, length, channels)
// - Output output: (batch, length, width), with readOut (batch, width)
// - Map attention: self, (batch, length, length)
// - Option readOut: boolean = false. The sum over positions, divided by the L2 norm over positions.
// - Option channels: number. Of a new layer.
// - Option width: number. Of a new layer: of queries, keys and values; by default channels.
// - Option bias: boolean = true. Of a new layer.
// - Weights: q_proj, k_proj (width, channels), v_proj (any width, channels), each .weight and
// perhaps .bias
// - Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017
// - Example: { channels: 8 } of x [1, 6, 8]
void build_sequence_self_attention(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// DoubleAttention: gathers features of the whole map by attention, then hands them out by attention
// (A2-Net).
//
// - Formula: gather = softmax(B x) over positions, distribute = softmax(V x) over its channels,
// y = W((A x) gather^T distribute)
// - Input x: (batch, channels, height, width)
// - Output output: as x; without conv_reconstruct (batch, hidden, height, width)
// - Map gather: self, (batch, maps, positions)
// - Map distribute: self, (batch, maps, positions)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Channels of A x in a new layer; by default a quarter of channels.
// - Option maps: number. Channels of B x and V x in a new layer; by default hidden.
// - Option softmax: "positions" | "batch" = "positions". xmu's code normalizes both maps over the
// batch: with a batch of 1 all weights are 1.
// - Weights: convA, convB, convV, and perhaps conv_reconstruct, each .weight (out, in, 1, 1) and
// .bias
// - Source: Chen et al., "A2-Nets: Double Attention Networks", NeurIPS 2018; names as in
// github.com/xmu-xiaoma666/External-Attention-pytorch
// - Example: { channels: 16 } of x [1, 16, 7, 9]
void build_double_attention(Builder& b);

}  // namespace heed::attention

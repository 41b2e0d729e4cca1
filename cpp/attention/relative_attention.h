// Attention with embeddings of relative positions, over whole maps (BoTNet) and over blocks (Halo).
#pragma once

namespace heed::attention {

class Builder;

// BottleneckAttention: self-attention over a whole map, with embeddings of relative rows and
// columns (BoTNet).
//
// - Formula: per head map = softmax(scale q k^T + q (height_rel[key row - query row] +
// width_rel[key column - query column])), y = map v
// - Input x: (batch, channels, height, width), of the size of the embeddings
// - Output output: (batch, out, height, width), halved by a stride of 2
// - Map attention: self, (batch * heads, positions, positions)
// - Option channels: number. Of a new layer.
// - Option heads: number = 4.
// - Option size: number[]. Height and width of a new layer's maps.
// - Option width: number. Width of a head's queries in a new layer; by default out / heads.
// - Option out: number. Channels of a new layer's output; by default channels.
// - Option scalePosition: boolean = false. The embeddings are multiplied by scale too.
// - Option stride: number = 1. The output is mean-pooled by it.
// - Option bias: boolean = false. Of a new layer.
// - Weights: qkv.weight (2 heads * width + out, channels, 1, 1) and perhaps qkv.bias,
// pos_embed.height_rel (2 height - 1, width), pos_embed.width_rel (2 width of the map - 1, width)
// - Source: Srinivas et al., "Bottleneck Transformers for Visual Recognition", CVPR 2021; timm
// BottleneckAttn
// - Example: { channels: 16, heads: 2, size: [5, 7] } of x [1, 16, 5, 7]
void build_bottleneck_attention(Builder& b);

// HaloAttention: blocks of a map attend to themselves and to a halo around them.
//
// - Formula: for each block and head map = softmax(scale q k^T + q (height_rel[key row - query row]
// + width_rel[key column - query column])), y = map v; rows and columns count within the block and
// within its window. What the halo has beyond the map's border is zeros, which are attended to
// - Input x: (batch, channels, height, width), multiples of the block
// - Output output: (batch, out, height, width), divided by the stride
// - Map attention: self, (batch * heads, blocks, positions of a block, positions of a window)
// - Option channels: number. Of a new layer.
// - Option heads: number = 8. Of a new layer.
// - Option block: number = 8. Its side.
// - Option halo: number = 3.
// - Option stride: number = 1. Of the queries; 1 or 2.
// - Option averageDown: boolean = false. Instead, the output is mean-pooled, as it always is where
// the stride does not divide the block.
// - Option width: number. Width of a head's queries in a new layer; by default out / heads.
// - Option out: number. Channels of a new layer's output; by default channels.
// - Option scalePosition: boolean = false. The embeddings are multiplied by scale too.
// - Option bias: boolean = false. Of a new layer.
// - Weights: q.weight (heads * width, channels, 1, 1), kv.weight (heads * width + out, channels, 1,
// 1), for each head its keys, then its values; perhaps .bias; pos_embed.height_rel and
// pos_embed.width_rel (2 (block + 2 halo) - 1, width)
// - Source: Vaswani et al., "Scaling Local Self-Attention for Parameter Efficient Visual
// Backbones", CVPR 2021; timm HaloAttn
// - Example: { channels: 16, heads: 2, block: 4, halo: 1 } of x [1, 16, 8, 12]
void build_halo_attention(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// DeformableAttention: all positions attend to a few points of the map, which the map itself moves
// to where they are wanted (DAT).
//
// - Formula: per group positions = reference + tanh(offset(q)) range / (extent of the points - 1);
// k, v = Wk s, Wv s of the samples s of x there; per head map = softmax(scale q k^T + the table
// rpe_table sampled at (query - position) / 2), y = Wo(map v)
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: self, (batch * heads, positions, points)
// - Map positions: region, (batch, groups, rows of points, columns of points, 2): y and x, -1 to 1
// from the centre of the first pixel to that of the last
// - Option channels: number. Of a new layer.
// - Option heads: number = 4.
// - Option groups: number = 1. Sets of points; each has so many heads.
// - Option stride: number = 1. Positions for each point, along both axes.
// - Option kernel: number = 3. Of the offsets' convolution in a new layer.
// - Option offsetRange: number = 1. How far points move, in steps of their grid. Below 0 they move
// freely, and stay between -1 and 1.
// - Option size: number[]. Height and width that a new layer's rpe_table is made for.
// - Weights: proj_q, proj_k, proj_v, proj_out (convolutions, or Linear layers), conv_offset.0
// (depthwise convolution of a group), conv_offset.1.norm (layer norm), conv_offset.3.weight (2,
// channels of a group, 1, 1), perhaps rpe_table (heads, 2 height - 1, 2 width - 1), or rpe_table as
// a depthwise 3x3 convolution of q, which is added to map v
// - Dialects: reference points are those of the official code, (i + 0.5) / (n - 1) * 2 - 1: half a
// pixel off, the last ones outside of the map, where it is zero
// - Source: Xia et al., "Vision Transformer with Deformable Attention", CVPR 2022;
// github.com/LeapLabTHU/DAT
// - Example: { channels: 16, heads: 4, groups: 2, stride: 2, size: [7, 9] } of x [1, 16, 7, 9]
void build_deformable_attention(Builder& b);

}  // namespace heed::attention

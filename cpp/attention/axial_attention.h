#pragma once

namespace heed::attention {

class Builder;

// AxialAttention: every position attends to its row, or to its column.
//
// - Formula: for each line and group map = softmax(BN(q k^T) + BN(q Eq) + BN(k Ek)), y = BN(map v)
// + BN(map Ev), where E are embeddings of query - key (Axial-DeepLab). Lucidrains: y = the sum over
// both axes of W softmax(q k^T / sqrt(d)) v
// - Input x: (batch, channels, height, width); Axial-DeepLab's axis has the length of its
// embeddings
// - Output output: (batch, out, height, width), divided by the stride
// - Map attention: self, (batch * lines, groups, length, length); of the lucidrains form two maps,
// height and width
// - Option channels: number. Of a new layer.
// - Option groups: number = 8. Of a new layer; lucidrains calls them heads.
// - Option axis: "height" | "width" = "height". Along which positions attend.
// - Option size: number. Length of that axis, of a new layer.
// - Option out: number. Channels of a new layer's output; by default channels.
// - Option stride: number = 1. The output is mean-pooled by it.
// - Option form: "deeplab" | "lucidrains" = "deeplab". Of a new layer; else the weights tell it.
// - Weights: qkv_transform.weight (2 out, channels, 1), relative (2 out / groups, 2 size - 1),
// bn_qkv, bn_similarity, bn_output (batch norms), perhaps the buffer flatten_index; or
// axial_attentions.0.fn (along height) and axial_attentions.1.fn (along width), each with .to_q,
// .to_kv and .to_out
// - Source: Wang et al., "Axial-DeepLab", ECCV 2020; github.com/csrhddlam/axial-deeplab;
// github.com/lucidrains/axial-attention
// - Example: { channels: 16, groups: 2, size: 5 } of x [1, 16, 5, 7]
void build_axial_attention(Builder& b);

}  // namespace heed::attention

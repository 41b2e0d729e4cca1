// Multi-head attention: per head, map = softmax(q k^T * scale + mask), y = map v.
//   tokens (batch, length, heads * width); map (batch, heads, length of queries, length of keys),
//   rows sum to 1.
// Vaswani et al., "Attention Is All You Need", NeurIPS 2017;
// torch.nn.functional.scaled_dot_product_attention.
//
// Forms of the operands: packed (batch, length, 3 * heads * width) in the order q, k, v, heads
// outermost within each (timm's and SVTR's `qkv`); three token matrices (batch, length, heads *
// width); or heads already apart, (batch, heads, length, width).
#pragma once

#include <optional>

#include "graph/editor.h"

namespace heed::attention {

enum class HeadForm : uint8_t { kHeads, kTokens, kPacked };

struct MultiHeadAttention {
  HeadForm form = HeadForm::kHeads;
  TensorId query = kNoTensor;  // the packed tensor in that form; key and value are then left out
  TensorId key = kNoTensor;
  TensorId value = kNoTensor;
  TensorId mask =
      kNoTensor;     // added to the scaled scores; broadcasts to the map's shape; may be left out
  Extent heads = 0;  // 0: as many as the tensors have (kHeads)
  float scale = 1;
};

// Makes `last` (whose first output becomes y, in the queries' form) the fused step, and returns the
// block's record.
Block build_multi_head_attention(Editor& editor, Node& last, const MultiHeadAttention& attention);

class Builder;

// MultiHeadAttention: scaled dot-product attention of several heads, with its projections.
//
// - Formula: q = Wq query, k = Wk key, v = Wv value, A = softmax(scale q k^T + mask) for each head,
// y = Wo (A v)
// - Input query: (batch, length, channels)
// - Input key?: (batch, keys, channels), what is attended to; by default query
// - Input value?: (batch, keys, channels), by default key
// - Input attn_mask?: broadcasts to (batch, heads, length, keys), or is PyTorch's (batch * heads,
// length, keys). Bool, see trueMeans; float32: is added
// - Input key_padding_mask?: (batch, keys), as attn_mask
// - Output output: (batch, length, channels)
// - Map attention: self, (batch, heads, length, keys); of the kind cross where a key is given
// - Option heads: number.
// - Option channels: number. Of a new layer.
// - Option kvHeads: number. Heads of keys and values, which groups of query heads share; by default
// what separate projections say, else heads.
// - Option bias: boolean = true. Of a new layer.
// - Option trueMeans: "attend" | "blocked". What true is in a mask. By default "blocked" for
// weights of PyTorch's nn.MultiheadAttention and new layers, "attend" (timm,
// scaled_dot_product_attention) for all others.
// - Option causal: boolean | "top-left" | "bottom-right" = false. As of ScaledDotProductAttention.
// - Option emptyRow: "zeros" | "nan" = "zeros". What a query that sees no key takes.
// - Option scale: number. By default 1 / sqrt(width of a head).
// - Option averageHeads: boolean = false. The map is (batch, length, keys), the mean over the heads
// (PyTorch's average_attn_weights).
// - Option batchFirst: boolean = true. False: query, key, value and output are (length, batch,
// channels).
// - Option addZeroAttention: boolean = false. Behind the keys stands one of zeros, with a value of
// zeros, that all queries see.
// - Option addBiasKv: boolean. Of a new layer: behind the keys stands a learned one (bias_k,
// bias_v).
// - Option rotary: "half" | "interleaved". Queries and keys are turned by their positions, in pairs
// as of rotaryEmbedding, whose options base, offset, rotaryWidth, size and prefixTokens count too.
// - Option base: number = 10000. With rotary.
// - Option cache: number. Room for so many tokens: keys and values stay between calls, and queries
// see those of earlier calls too, as if all had been given at once (causal); `reset` and
// `truncate`.
// - Option offset: number = 0. With rotary.
// - Option rotaryWidth: number. With rotary.
// - Option size: number[]. With rotary.
// - Option prefixTokens: number = 0. With rotary.
// - Option norm: "layer" | "rms" = "layer". What q_norm, k_norm and norm are.
// - Option epsilon: number = 0.00001. Of the norms.
// - Option qkNorm: boolean. Of a new layer: norms of each head's queries and keys.
// - Option scaleNorm: boolean. Of a new layer: a norm in front of the last projection.
// - Option gated: boolean. Of a new layer: sigmoid(Wg query) scales what the last projection gets.
// - Option fusedOrder: "parts" | "heads". Rows of a fused projection are (3, heads, width) or
// (heads, 3, width); by default the latter for query_key_value.
// - Weights: in_proj_weight (3 channels, channels) and in_proj_bias, or q_proj_weight,
// k_proj_weight, v_proj_weight and in_proj_bias, with out_proj, perhaps bias_k and bias_v
// (PyTorch); qkv with proj (timm); q_proj, k_proj, v_proj with proj, o_proj or out_proj (timm,
// Llama); c_attn with c_proj, both (in, out) (GPT-2); query_key_value with dense (GPT-NeoX, BLOOM);
// each .weight and perhaps .bias. Perhaps q_norm and k_norm (width), norm, gate
// - Dialects: all of these, by their names
// - Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017; torch.nn.MultiheadAttention;
// timm Attention and AttentionRope
// - Example: { channels: 16, heads: 4 } of query [1, 5, 16]
void build_multi_head_attention(Builder& b);

std::optional<Block> match_multi_head_attention(Editor& editor, Node& last);

}  // namespace heed::attention

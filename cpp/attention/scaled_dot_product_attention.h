// Scaled dot-product attention.
#pragma once

namespace heed::attention {

class Builder;

// ScaledDotProductAttention: what every query takes of the values, by the likeness of their keys.
// The matrix of scores is never made unless its map is asked for: memory grows with the length, not
// with its square.
//
// - Formula: A = softmax(scale q k^T + mask), y = A v, for each head
// - Input q: (batch, heads, queries, width); with the option heads (batch, queries, heads * width)
// - Input k: (batch, kvHeads, keys, width), or with its heads side by side. Query head h uses head
// h / (heads / kvHeads).
// - Input v: (batch, kvHeads, keys, valueWidth), or with its heads side by side
// - Input mask?: broadcasts to (batch, heads, queries, keys). Bool: true = attend (the opposite of
// PyTorch's MultiheadAttention); float32: is added
// - Output output: (batch, heads, queries, valueWidth), or (batch, queries, heads * valueWidth)
// - Map attention: self, (batch, heads, queries, keys)
// - Option heads: number. q, k and v have their heads side by side.
// - Option kvHeads: number. With heads: heads of k and v, by default as many.
// - Option scale: number. By default 1 / sqrt(width).
// - Option causal: boolean | "top-left" | "bottom-right" = false. Query i sees keys 0 to i (true
// and "top-left", PyTorch's is_causal), or the last query sees all keys and each one before it one
// less
// ("bottom-right", FlashAttention since 2.1).
// - Option emptyRow: "zeros" | "nan" = "zeros". What a query that sees no key gives: PyTorch since
// 2.5, or before.
// - Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017;
// torch.nn.functional.scaled_dot_product_attention
// - Example: {} of q [1, 2, 5, 8], k [1, 2, 7, 8], v [1, 2, 7, 8]
void build_scaled_dot_product_attention(Builder& b);

}  // namespace heed::attention

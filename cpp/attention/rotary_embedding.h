// Rotary position embedding.
#pragma once

namespace heed::attention {

class Builder;

// rotaryEmbedding: turns pairs of elements by angles that grow with the position, so that products
// of queries and keys depend on how far apart they are.
//
// - Formula: (u, v) -> (u cos a - v sin a, u sin a + v cos a), a = (position + offset) * base^(-2i
// / width) for pair i
// - Input x: (batch, heads, length, width); with the option heads (batch, length, heads * width)
// - Output output: as x
// - Option layout: "half" | "interleaved" = "half". Pairs are elements i and i + width / 2 (Llama,
// GPT-NeoX), or 2i and 2i + 1 (timm, GPT-J).
// - Option heads: number. x has its heads side by side.
// - Option base: number = 10000.
// - Option offset: number = 0. The position of the first token.
// - Option rotaryWidth: number. As many elements of a head are turned, the others stay; by default
// all.
// - Option size: number[]. Height and width of a grid whose positions the tokens are, by rows: the
// first half of the pairs turns by the row, the second by the column (timm's RotaryEmbeddingCat).
// - Option prefixTokens: number = 0. With size: tokens in front of the grid, which are not turned.
// - Source: Su et al., "RoFormer", 2021; timm apply_rot_embed_cat
// - Example: { layout: "half" } of x [1, 2, 5, 8]
void build_rotary_embedding(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// ExternalAttention: positions attend to a small memory that is learned and the same for all
// inputs.
//
// - Formula: a = softmax(Mk q) over positions, map = a / (1e-9 + the sum of a over the memory), y =
// Mv map. Images: q = conv1(x), output = relu(BN(conv2(y)) + x). Heads: q = trans_dims(x) in 4 *
// heads heads, output = proj(y). Tokens: q = x, output = y, without the 1e-9
// - Input x: (batch, channels, height, width); in the other two forms (batch, length, channels)
// - Output output: as x
// - Map attention: self, (batch, memory, positions); of heads (batch, heads, length, memory), of
// tokens (batch, length, memory)
// - Option form: "image" | "heads" | "tokens" = "image". Of a new layer; else the weights tell it.
// - Option channels: number. Of a new layer.
// - Option memory: number = 64. Entries of a new layer's memory.
// - Option heads: number = 8. Of the form "heads", which has four times as many.
// - Weights: conv1, linear_0, linear_1, conv2.0, conv2.1 (batch norm) (image); trans_dims,
// linear_0, linear_1, proj (heads); mk, mv (tokens), each .weight and perhaps .bias
// - Dialects: EANet's block (image), its multi-head form, and xmu's two linear layers (tokens)
// - Source: Guo et al., "Beyond Self-attention: External Attention using Two Linear Layers for
// Visual Tasks", 2021; github.com/MenghaoGuo/EANet
// - Example: { channels: 16, memory: 8 } of x [1, 16, 7, 9]
void build_external_attention(Builder& b);

}  // namespace heed::attention

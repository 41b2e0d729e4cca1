#pragma once

namespace heed::attention {

class Builder;

// LambdaLayer: each position gets a small linear map, made of its surroundings, which its query is
// multiplied by. There is no map of attention.
//
// - Formula: content = softmax(k)^T v with the softmax over positions, position = for each position
// the convolution of v with an embedding of relative positions; per head y = q (content + position)
// - Input x: (batch, channels, height, width)
// - Output output: (batch, heads * channels of v, height, width), halved by a stride of 2
// - Option channels: number. Of a new layer.
// - Option heads: number = 4. Of a new layer.
// - Option width: number = 16. Of queries and keys of a new layer.
// - Option kernel: number = 9. Side of the convolution of a new layer.
// - Option size: number[]. Height and width of the maps of a new layer that has embeddings of all
// relative positions instead of a convolution.
// - Option stride: number = 1. The output is mean-pooled by it.
// - Option bias: boolean = false. Of qkv in a new layer.
// - Weights: qkv.weight (heads * width + width + channels / heads, channels, 1, 1) and perhaps
// qkv.bias, norm_q and norm_v (batch norms), conv_lambda.weight (width, 1, kernel, kernel, 1) and
// conv_lambda.bias, or pos_emb (2 height - 1, 2 width of the map - 1, width)
// - Source: Bello, "LambdaNetworks: Modeling Long-Range Interactions Without Attention", ICLR 2021;
// timm LambdaLayer
// - Example: { channels: 16, kernel: 5 } of x [1, 16, 7, 9]
void build_lambda_layer(Builder& b);

}  // namespace heed::attention

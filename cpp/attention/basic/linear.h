#pragma once

namespace heed::attention {

class Builder;

// Linear: a full connection over the last axis, as torch.nn.Linear.
//
// - Formula: y = x W^T + b
// - Input x: (..., inFeatures)
// - Output output: (..., outFeatures)
// - Option inFeatures: number. Of a new layer.
// - Option outFeatures: number. Of a new layer.
// - Option bias: boolean = true. Of a new layer.
// - Weights: weight (outFeatures, inFeatures), bias (outFeatures)
// - Source: torch.nn.Linear
// - Example: { inFeatures: 8, outFeatures: 5 } of x [2, 8]
void build_linear(Builder& b);

// Embedding: a row of a table for each index, as torch.nn.Embedding.
//
// - Formula: y[i] = W[indices[i]]
// - Input indices: int64 (...)
// - Output output: (..., width)
// - Option count: number. Rows of a new layer's table.
// - Option width: number. Of a new layer.
// - Weights: weight (count, width)
// - Source: torch.nn.Embedding
// - Example: { count: 20, width: 6 } of indices int64 [1, 4]
void build_embedding(Builder& b);

}  // namespace heed::attention

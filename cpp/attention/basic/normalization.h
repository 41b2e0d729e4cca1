#pragma once

namespace heed::attention {

class Builder;

// BatchNorm: batch normalisation with running statistics, over axis 1, as torch.nn.BatchNorm1d and
// BatchNorm2d in evaluation.
//
// - Formula: y = (x - running_mean) / sqrt(running_var + eps) * weight + bias
// - Input x: (batch, channels, ...)
// - Output output: as x
// - Option channels: number. Of a new layer.
// - Option eps: number = 1e-5. Keras has 1e-3.
// - Weights: weight, bias, running_mean, running_var, each (channels)
// - Source: Ioffe and Szegedy, "Batch Normalization", ICML 2015; torch.nn.BatchNorm2d
// - Example: { channels: 6 } of x [2, 6, 5, 4]
void build_batch_norm(Builder& b);

// LayerNorm: normalisation over the last axis, as torch.nn.LayerNorm of one axis.
//
// - Formula: y = (x - mean) / sqrt(variance + eps) * weight + bias, the variance biased
// - Input x: (..., width)
// - Output output: as x
// - Option width: number. Of a new layer.
// - Option eps: number = 1e-5.
// - Weights: weight (width), bias (width)?
// - Source: Ba et al., "Layer Normalization", 2016; torch.nn.LayerNorm
// - Example: { width: 6 } of x [2, 5, 6]
void build_layer_norm(Builder& b);

// GroupNorm: normalisation over groups of channels and all positions, as torch.nn.GroupNorm.
//
// - Formula: y = (x - mean) / sqrt(variance + eps) * weight + bias, statistics of each group
// - Input x: (batch, channels, ...)
// - Output output: as x
// - Option groups: number. How many.
// - Option channels: number. Of a new layer.
// - Option eps: number = 1e-5.
// - Weights: weight (channels), bias (channels)
// - Source: Wu and He, "Group Normalization", ECCV 2018; torch.nn.GroupNorm
// - Example: { groups: 2, channels: 6 } of x [2, 6, 5, 4]
void build_group_norm(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// TripletAttention: three spatial gates, each seeing x along another pair of its axes.
//
// - Formula: gate(t) = t * sigmoid(BN(conv7x7([max(t), mean(t)]))), the pools over axis 1; y = the
// mean of gate over x with its axes as (B,H,C,W), (B,W,H,C) and (B,C,H,W), moved back
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map cw: spatial, (batch, 1, channels, width)
// - Map hc: spatial, (batch, 1, height, channels)
// - Map hw: spatial, (batch, 1, height, width), unless noSpatial; maps are named as their weights
// - Option noSpatial: boolean = false. Of a new layer: without the gate over (height, width).
// Weights tell it themselves.
// - Option kernel: number = 7. Of a new layer.
// - Weights: {cw,hc,hw}.conv.{conv,bn}; {ChannelGateH,ChannelGateW,SpatialGate}.spatial.{conv,bn}
// (the official models)
// - Source: Misra et al., "Rotate to Attend", WACV 2021; github.com/landskape-ai/triplet-attention
// - Example: {} of x [1, 16, 14, 14]
void build_triplet_attention(Builder& b);

}  // namespace heed::attention

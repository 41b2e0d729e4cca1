// Harmonious attention (HA-CNN): soft attention to pixels, hard attention to regions.
#pragma once

namespace heed::attention {

class Builder;

// SpatialAttn: HA-CNN's spatial attention, the map alone.
//
// - Formula: y = block2(up2(block1(mean over channels of x))); a block is a convolution, a batch
// norm and ReLU, the first 3x3 with stride 2; up2 is bilinear and keeps the corners
// - Input x: (batch, channels, height, width)
// - Output output: (batch, 1, height, width), odd extents one larger
// - Map attention: spatial, as the output
// - Weights: conv1.conv, conv2.conv (.weight and .bias) and batch norms conv1.bn, conv2.bn
// - Source: Li et al., "Harmonious Attention Network for Person Re-Identification", CVPR 2018;
// github.com/KaiyangZhou/deep-person-reid
// - Example: {} of x [1, 16, 12, 8]
void build_spatial_attn(Builder& b);

// ChannelAttn: HA-CNN's channel attention, the map alone.
//
// - Formula: y = block2(block1(GAP(x))); a block is a 1x1 convolution, a batch norm and ReLU
// - Input x: (batch, channels, height, width)
// - Output output: (batch, channels, 1, 1), not below 0
// - Map attention: channel, as the output
// - Option channels: number. Of a new layer; a multiple of the reduction.
// - Option reduction: number = 16. Of a new layer.
// - Weights: conv1.conv, conv2.conv (.weight and .bias) and batch norms conv1.bn, conv2.bn
// - Source: Li et al., "Harmonious Attention Network for Person Re-Identification", CVPR 2018;
// github.com/KaiyangZhou/deep-person-reid
// - Example: { channels: 16 } of x [1, 16, 12, 8]
void build_channel_attn(Builder& b);

// SoftAttn: HA-CNN's soft attention, spatial times channel attention; the map alone.
//
// - Formula: y = sigmoid(block(SpatialAttn(x) * ChannelAttn(x))), in [0.5, 1); the block is a 1x1
// convolution, a batch norm and ReLU
// - Input x: (batch, channels, height, width)
// - Output output: (batch, channels, height, width), odd extents one larger
// - Map attention: spatial, as the output
// - Option channels: number. Of a new layer; a multiple of the reduction.
// - Option reduction: number = 16. Of a new layer.
// - Weights: spatial_attn and channel_attn as SpatialAttn's and ChannelAttn's; conv.conv
// (channels, channels, 1, 1), batch norm conv.bn
// - Source: Li et al., "Harmonious Attention Network for Person Re-Identification", CVPR 2018;
// github.com/KaiyangZhou/deep-person-reid
// - Example: { channels: 16 } of x [1, 16, 12, 8]
void build_soft_attn(Builder& b);

// HardAttn: HA-CNN's hard attention, where four regions lie, and the regions cut out.
//
// - Formula: theta = tanh(W GAP(x) + b), crop r = resize(gridSample(x, affineGrid([[1, 0, tx_r],
// [0, 0.25, ty_r]]))): as large as x, then resized, bilinear, with its corners
// - Input x: (batch, channels, height, width)
// - Output theta: (batch, 4, 2), the regions' centres (tx, ty), in -1..1
// - Output crops: (batch, 4, channels, height, width) of `size`
// - Map attention: region, theta
// - Option channels: number. Of a new layer.
// - Option size: number[]. [height, width] of the crops; by default those of x.
// - Option alignCorners: boolean = true. Of affineGrid and gridSample: the published weights are
// older than PyTorch 1.3, which made it false.
// - Weights: fc.weight (8, channels), fc.bias (8)
// - Source: Li et al., "Harmonious Attention Network for Person Re-Identification", CVPR 2018;
// github.com/KaiyangZhou/deep-person-reid
// - Example: { channels: 16, size: [6, 4] } of x [1, 16, 12, 8]
void build_hard_attn(Builder& b);

// HarmoniousAttention: HA-CNN's block, soft attention to pixels and hard attention to regions
// together.
//
// - Formula: output = x * SoftAttn(x), crops = the regions of x that HardAttn(x) finds
// - Input x: (batch, channels, height, width), both even
// - Output output: as x
// - Output crops: (batch, 4, channels, height, width) of `size`
// - Map soft: spatial, as x, in [0.5, 1)
// - Map theta: region, (batch, 4, 2)
// - Option channels: number. Of a new layer; a multiple of the reduction.
// - Option reduction: number = 16. Of a new layer.
// - Option size: number[]. [height, width] of the crops; by default those of x.
// - Option alignCorners: boolean = true. As of HardAttn.
// - Weights: soft_attn as SoftAttn's, hard_attn as HardAttn's
// - Source: Li et al., "Harmonious Attention Network for Person Re-Identification", CVPR 2018;
// github.com/KaiyangZhou/deep-person-reid
// - Example: { channels: 16, size: [6, 4] } of x [1, 16, 12, 8]
void build_harmonious_attention(Builder& b);

}  // namespace heed::attention

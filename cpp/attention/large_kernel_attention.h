#pragma once

namespace heed::attention {

class Builder;

// LargeKernelAttention: a map from a large neighbourhood, decomposed into a small, a dilated and a
// pointwise convolution, weighs each element (VAN's LKA).
//
// - Formula: a = conv1x1(dw7x7 with dilation 3(dw5x5(x))), y = x * a; as a block, y = x + W2 (t *
// a(t)) + b2 of t = gelu(W1 x + b1)
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, channels, height, width), of any value
// - Option dilation: number = 3. Of conv_spatial.
// - Option channels: number. Of a new layer.
// - Option block: boolean = false. Of a new layer: the block with proj_1 and proj_2. Weights tell
// it themselves.
// - Weights: conv0, conv_spatial, conv1 (the gate); proj_1,
// spatial_gating_unit.{conv0,conv_spatial,conv1}, proj_2 (the block); of any kernel sizes
// - Source: Guo et al., "Visual Attention Network", 2022; github.com/Visual-Attention-Network
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_large_kernel_attention(Builder& b);

}  // namespace heed::attention

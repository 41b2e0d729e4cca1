#pragma once

namespace heed::attention {

class Builder;

// PyramidFeatureAttention: context from three levels of a network, weighed by channels, then a low
// level weighed by positions. Its three parts are layers too.
//
// - Formula: high = up4(block(channelAttention(concat(context(c3), up2(context(c4)),
// up4(context(c5)))))), output = concat(low * spatialAttention(high), high). context(x): a 1x1
// convolution and three of 3x3 with dilation 3, 5, 7, concatenated, batch norm, ReLU.
// channelAttention(x) = x * sigmoid(W2 relu(W1 GAP(x) + b1) + b2). spatialAttention(x): twice two
// convolutions of 1 x 9 and 9 x 1, each with batch norm and ReLU, in either order; sigmoid of their
// sum, in [0.5, 1)
// - Input low?: (batch, channels, 16 height, 16 width), of part whole; of part spatial as high
// - Input c3?: (batch, channels3, 4 height, 4 width), of part whole
// - Input c4?: (batch, channels4, 2 height, 2 width), of part whole
// - Input c5?: (batch, channels5, height, width), of part whole
// - Input high?: (batch, channels, height, width), of part spatial: what the map is made of
// - Input x?: (batch, channels, height, width), of parts context and channel
// - Output output: (batch, channels, height, width)
// - Map channel: channel, (batch, channels, 1, 1), of part whole
// - Map spatial: spatial, (batch, 1, height, width), of part whole
// - Map attention: channel or spatial, the map of part channel or spatial
// - Option part: "whole" | "context" | "channel" | "spatial" = "whole". By default what the weights
// are of.
// - Option name: string = "C3". What the names of part context begin with.
// - Option channels: number | number[]. Of a new layer: of x or high; of whole those of c3, c4 and
// c5.
// - Option width: number = 32. Filters of each convolution of a new context.
// - Option high: number = 64. Channels of high of a new layer, part whole.
// - Weights: Keras' names and forms, .kernel (height, width, in, out) or (in, out), .bias:
// <name>_cfe_cfe0, <name>_cfe_cfe1_dilation to 3; dense_1 and dense_2, or dense and dense_1;
// C345_conv; spatial_attention_1_conv1, _1_conv2, _2_conv1, _2_conv2; batch norms <name>_cfe_BN,
// C345_BN, attention1_1_BN to attention2_2_BN (gamma, beta, moving_mean, moving_variance). As in
// PFANet batch norms use the statistics of the batch at hand, not the moving ones.
// - Source: Zhao and Wu, "Pyramid Feature Attention Network for Saliency Detection", CVPR 2019;
// github.com/CaitinZhao/cvpr2019_Pyramid-Feature-Attention-Network-for-Saliency-detection
// - Example: { channels: [8, 12, 16], width: 4, high: 8 } of low [1, 4, 32, 32], c3 [1, 8, 8, 8],
// c4 [1, 12, 4, 4], c5 [1, 16, 2, 2]
void build_pyramid_feature_attention(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// ECA: a gate for each channel from its neighbours' means, by a convolution along the channels.
// The kernel size comes from the weight: the released checkpoints do not follow the formula.
//
// - Formula: z = mean over positions, s = gate(conv1d(z; w) + b), y = x * s
// - Input x: (batch, channels, height, width), (batch, channels, length), or any number of axes
// - Output output: as x
// - Map attention: channel, (batch, channels, 1, 1), of a sequence (batch, channels, 1)
// - Option channels: number. Of a new layer without kernelSize, or with perChannel.
// - Option kernelSize: number. Of a new layer; by default floor((log2(channels) + 1) / 2), made odd
// by adding 1.
// - Option perChannel: boolean = false. A new layer has a kernel for each channel (eca_ns).
// - Option bias: boolean = false. Of a new layer.
// - Option padding: "zero" | "circular" = "zero". What lies beyond the first and last channel;
// timm's CecaModule has "circular".
// - Option useMlp: boolean. Two convolutions with an activation between them (timm); by default
// whether the weights have conv2.
// - Option hidden: number = 8. Channels between the two convolutions of a new layer.
// - Option activation: Activation = "relu". Between the two convolutions.
// - Option gate: Activation = "sigmoid".
// - Weights: conv.weight (1, 1, kernel), or (channels, 1, kernel) with a kernel for each channel;
// perhaps conv.bias. With useMlp: conv.weight (hidden, 1, 1), conv.bias, conv2.weight (1, hidden,
// kernel), conv2.bias
// - Source: Wang et al., "ECA-Net", CVPR 2020; github.com/BangguWu/ECANet; timm EcaModule and
// CecaModule
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_eca(Builder& b);

}  // namespace heed::attention

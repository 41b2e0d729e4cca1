#pragma once

namespace heed::attention {

class Builder;

// GatherExcite: a gate from what each neighbourhood gathers, without or with parameters.
//
// - Formula: z = x gathered over an extent e, s = sigmoid(z) or sigmoid(W2 relu(W1 z + b1) + b2), y
// = x * s, s being brought to the size of x (nearest)
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, channels, height, width); (batch, channels, 1, 1) where all
// positions are gathered by their mean
// - Option extent: number = 0. Gathers by the mean over windows of 2 e - 1, at every e-th position;
// 0: over all positions. With gathering convolutions a power of two: log2(e) of them, with stride
// 2. 0: one, of stride 1 and padded to the size of x (so that it is not global). By default their
// number tells it, one whose kernel is not 3x3 being that of extent 0.
// - Option addMaxPool: boolean = false. z is the mean of the mean and the maximum.
// - Option channels: number. Of a new layer with parameters.
// - Option gather: boolean = false. Of a new layer: it gathers by depthwise convolutions.
// - Option kernel: number = 3. Of a new layer that gathers by a convolution and extent 0: its size.
// - Option hidden: number = 0. Of a new layer: the width of W1; 0: without W1 and W2.
// - Weights: none; or gather.conv{1,2,...}, gather.norm{1,2,...}; or mlp.fc1, mlp.fc2; or both
// (timm)
// - Source: Hu et al., "Gather-Excite", NeurIPS 2018; github.com/hujie-frank/GENet; timm
// GatherExcite
// - Example: { extent: 4 } of x [1, 16, 14, 14]
void build_gather_excite(Builder& b);

}  // namespace heed::attention

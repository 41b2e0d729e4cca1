#pragma once

namespace heed::attention {

class Builder;

// SplitAttention: one convolution gives several splits of every channel, which are weighed
// (ResNeSt).
//
// - Formula: y = relu(BN0(conv(x))), in radix splits y_r; z = relu(BN1(fc1(sum_r GAP(y_r)))),
// a = softmax over r of fc2(z) (radix 1: sigmoid), output = sum_r a_r y_r
// - Input x: (batch, channels, height, width)
// - Output output: (batch, out, height, width), smaller with a stride
// - Map attention: branch, (batch, radix, out, 1, 1), sums to 1 over the splits
// - Option radix: number = 2. Splits; of weights it is what their shapes say.
// - Option groups: number = 1. Cardinality; of weights it is what their shapes say.
// - Option channels: number. Of a new layer.
// - Option out: number. Of a new layer, by default as channels.
// - Option kernel: number = 3. Of a new layer.
// - Option hidden: number. Width of fc1 of a new layer, by default channels * radix / 4, at least
// 32.
// - Option bias: boolean = true. Of a new layer.
// - Option stride: number = 1.
// - Option dilation: number = 1.
// - Option padding: number. By default it keeps the size.
// - Dialects: with or without batch norms, with or without the convolution's bias; fc2's order is
// (groups, radix, out / groups), the convolution's (radix, out)
// - Weights: conv (out * radix, channels / (groups * radix), ...), fc1 (hidden, out / groups), fc2
// (out * radix, hidden / groups), each .weight and perhaps .bias; perhaps batch norms bn0, bn1
// - Source: Zhang et al., "ResNeSt: Split-Attention Networks", CVPR workshops 2022;
// github.com/zhanghang1989/ResNeSt; timm SplitAttn
// - Example: { channels: 16, groups: 2 } of x [1, 16, 14, 14]
void build_split_attention(Builder& b);

}  // namespace heed::attention

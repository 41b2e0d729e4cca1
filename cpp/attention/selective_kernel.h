#pragma once

namespace heed::attention {

class Builder;

// SelectiveKernel: branches of kernels of different size, weighed for each channel (SKNet).
//
// - Formula: U_m = relu(BN(conv_m(x))), z = relu(BN(W1 sum_m GAP(U_m))), a = softmax over m of
// W2 z, y = sum_m a_m U_m
// - Input x: (batch, channels, height, width)
// - Output output: (batch, out, height, width), smaller with a stride
// - Map attention: branch, (batch, branches, out, 1, 1), sums to 1 over the branches
// - Option channels: number. Of a new layer.
// - Option out: number. Of a new layer, by default as channels.
// - Option branches: number = 2. Of a new layer.
// - Option reduction: number = 16. Of a new layer: z has out / reduction channels, at least 32.
// - Option hidden: number. Channels of z of a new layer.
// - Option groups: number = 1. Of the branches' convolutions; SKNet has 32.
// - Option splitInput: boolean = false. Each branch sees its part of the channels (timm's default).
// - Option stride: number = 1. Of the branches' convolutions.
// - Option prefix: string. Of Caffe's names.
// - Dialects: kernels of one size have dilations 1, 2, ..., kernels of different size none (xmu);
// z without batch norm is without ReLU (xmu); W2 is one matrix (timm, Caffe) or one for each branch
// - Weights: paths.0.conv, paths.0.bn, ..., attn.fc_reduce, attn.bn, attn.fc_select (timm);
// convs.0.conv, convs.0.bn, ..., fc, fcs.0, ... (xmu); convs.0.0, convs.0.1, ..., fc.0, fc.1,
// fcs.0,
// ...; <prefix>/3x3g32, <prefix>/3x3g32/bn, <prefix>/3x3g32d2, ..., <prefix>/B_fc1, B_fc1/bn, B_fc2
// (Caffe)
// - Source: Li et al., "Selective Kernel Networks", CVPR 2019; github.com/implus/SKNet
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_selective_kernel(Builder& b);

}  // namespace heed::attention

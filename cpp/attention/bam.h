#pragma once

namespace heed::attention {

class Builder;

// BAM: a channel gate and a spatial gate, found beside each other and merged in front of one
// sigmoid (bottleneck attention module).
//
// - Formula: Mc = FC(relu(BN(FC(GAP(x))))), Ms = conv1x1(relu(BN(dilated conv3x3(... relu(BN(
// conv1x1(x))))))), a = 1 + sigmoid(Mc * Ms), y = x * a
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, channels, height, width); of xmu's form (batch, channels, 1, 1)
// - Option merge: "product" | "sum". The official code multiplies Mc and Ms, and so do its weights
// and new layers by default; the paper adds them, and so does the form of xmu.
// - Option dilation: number. Of the 3x3 convolutions; 4, of xmu's form 2.
// - Option padding: number. Of the 3x3 convolutions; as much as keeps the size, of xmu's form 1,
// with which x must be of the size that they shrink to 1x1 (7x7 for three of them).
// - Option channels: number. Of a new layer.
// - Option reduction: number = 16. Of a new layer: the hidden width is channels / reduction.
// - Weights: channel_att.gate_c.gate_c_fc_0, .gate_c_bn_1, .gate_c_fc_final,
// spatial_att.gate_s.gate_s_conv_reduce0, .gate_s_bn_reduce0, .gate_s_conv_di_{0,1},
// .gate_s_bn_di_{0,1}, .gate_s_conv_final (official); ca.ca.fc{0,1,2}, .bn{0,1,2}, .last_fc,
// sa.sa.conv_reduce1, .bn_reduce1, .conv_{0,1,2}, .bn_{0,1,2}, .last_conv (xmu); any number of the
// numbered ones
// - Dialects: The pool is the mean over all positions; the official code's pools a square, and
// fails or leaves columns out where x is not square.
// - Source: Park et al., "BAM: Bottleneck Attention Module", BMVC 2018;
// github.com/Jongchan/attention-module
// - Example: { channels: 32 } of x [1, 32, 14, 14]
void build_bam(Builder& b);

}  // namespace heed::attention

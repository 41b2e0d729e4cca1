#pragma once

namespace heed::attention {

class Builder;

// CoordinateAttention: a gate for each channel and row, and one for each channel and column.
//
// - Formula: u = hard_swish(BN(W x_h + b)) of the rows' means, v the same of the columns', ah =
// sigmoid(Wh u + bh), aw = sigmoid(Ww v + bw), y = x * ah * aw
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map rows: spatial, (batch, channels, height, 1)
// - Map columns: spatial, (batch, channels, 1, width)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Width of u of a new layer; by default max(8, channels / 32), the
// official code's.
// - Option bias: boolean = true. Of a new layer; timm's CoordAttn has none.
// - Weights: conv1, bn1, conv_h, conv_w; the convolutions' .bias (official) may be missing (timm)
// - Source: Hou et al., "Coordinate Attention", CVPR 2021; github.com/houqb/CoordAttention; timm
// CoordAttn
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_coordinate_attention(Builder& b);

}  // namespace heed::attention

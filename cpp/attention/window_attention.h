#pragma once

namespace heed::attention {

class Builder;

// WindowAttention: self-attention within the windows of a map, with a bias for each relative
// position (Swin); shifted, windows reach over those of the layer before.
//
// - Formula: per window and head map = softmax(q k^T scale + bias[query - key] + mask), y =
// proj(map v). A shifted map is rolled by -shift, cut into windows, and rolled back; mask is -100
// between positions that are no neighbours in the map
// - Input x: (batch, height, width, channels) of layout "NHWC", (batch, channels, height, width) of
// "NCHW"; of "windows" (batch * windows, positions, channels)
// - Input mask?: (windows, positions, positions), added; of layout "windows"
// - Output output: as x
// - Map attention: self, (batch * windows, heads, positions, positions)
// - Option channels: number. Of a new layer.
// - Option heads: number. Of a new layer.
// - Option window: number | number[]. Its side, or height and width; needed for a new layer, or
// when it is no square. A block that timm has shrunk for a small map has the smaller window.
// - Option layout: "windows" | "NHWC" | "NCHW" = "windows".
// - Option shift: number | number[] = 0. Positions by which the map is rolled.
// - Option dialect: "timm" | "torchvision" | "official" = "timm". A map that is no multiple of the
// window is padded after the roll (timm) or before it (torchvision); pad positions are attended to.
// An axis that is one window is not shifted; in "official", if one axis is, neither is the other.
// - Option scale: number. By default 1 / sqrt(width of a head).
// - Option bias: boolean = true. Of qkv and proj in a new layer.
// - Weights: relative_position_bias_table ((2 height - 1) (2 width - 1), heads), qkv, proj, perhaps
// below "attn."; the buffers relative_position_index and attn_mask may be there
// - Source: Liu et al., "Swin Transformer", ICCV 2021; github.com/microsoft/Swin-Transformer
// - Example: { channels: 16, heads: 2, window: 4, layout: "NCHW", shift: 2 } of x [1, 16, 8, 12]
void build_window_attention(Builder& b);

}  // namespace heed::attention

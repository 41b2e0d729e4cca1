#pragma once

namespace heed::attention {

class Builder;

// NonLocal: every position is a sum over all positions, weighted by how alike they are.
//
// - Formula: q = theta(x), k = phi(x), v = g(x); map = softmax(scale q k^T); y = x + BN(W(map v)).
// In other modes map = q k^T / N, or relu(w [q, k]) / N, for N keys
// - Input x: (batch, channels, height, width); with weights of as many axes (batch, channels,
// length) or (batch, channels, time, height, width)
// - Output output: as x
// - Map attention: self, (batch, positions, positions of keys)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Width of q, k and v of a new layer; by default half of channels.
// - Option axes: number = 2. Spatial axes of a new layer, 1 to 3.
// - Option mode: "embedded_gaussian" | "gaussian" | "dot_product" | "concatenation" =
// "embedded_gaussian". "gaussian" has no theta and phi: q and k are x. Where the weights tell it,
// it need not be given. Only "concatenation" makes a matrix of all pairs of positions when the map
// is not asked for.
// - Option scale: number. Of the scores in the two gaussian modes. By default, for d the width of
// q: 1 for AlexHex7 and new layers, 1 / sqrt(d) for facebook, 1 / sqrt(channels) for timm, sqrt(d)
// for GCNet and mmdet, which divide by 1 / sqrt(d).
// - Option pool: boolean. Keys and values are max-pooled by 2 (not along time), by facebook before
// the convolutions, else after them. By default true for facebook and for names that end with .0.
// - Weights: theta, phi or phi.0, g or g.0, W.0 (convolution) and W.1 (batch norm) or W,
// concat_project.0 (AlexHex7); _theta, _phi, _g, _out, _bn (facebook); theta.conv, phi.conv,
// g.conv, conv_out.conv, conv_out.bn, concat_project.conv (GCNet, mmdet); t, p, g, z, norm (timm)
// - Dialects: facebook, AlexHex7, GCNet and mmdet, timm: told by the names
// - Source: Wang et al., "Non-local Neural Networks", CVPR 2018;
// github.com/facebookresearch/video-nonlocal-net, github.com/AlexHex7/Non-local_pytorch
// - Example: { channels: 16 } of x [1, 16, 7, 9]
void build_non_local(Builder& b);

}  // namespace heed::attention

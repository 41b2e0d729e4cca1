#pragma once

namespace heed::attention {

class Builder;

// SOCA: a gate for each channel from the covariance of the channels (second-order channel
// attention).
//
// - Formula: S = covariance of the channels over the positions (biased), v = mean over the rows of
// its square root by five Newton-Schulz steps, s = sigmoid(W2 ReLU(W1 v + b1) + b2), y = x * s
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: channel, (batch, channels, 1, 1)
// - Option channels: number. Of a new layer.
// - Option hidden: number. Of a new layer; channels / reduction by default.
// - Option reduction: number = 8. Of a new layer.
// - Option bias: boolean = true. Of a new layer.
// - Option crop: number = 1000. The covariance is that of the middle crop x crop positions of
// larger maps, by the official rule: where one side is exactly crop and the other e less, the
// other's first (e - crop) / 2 (from its end) are left out too. 0: of all positions.
// - Weights: conv_du.0, conv_du.2, each .weight (out, in, 1, 1) and .bias. Of SAN's Nonlocal_CA:
// non_local.g.0, .theta, .phi.0, .W; then y is a non-local block on each quarter of x, there is no
// map, and soca. is not used, as in the official code
// - Dialects: five steps have not converged, so that the exact square root is another number; a
// constant input has the trace 0 and gives NaN
// - Source: Dai et al., "Second-order Attention Network", CVPR 2019; github.com/daitao/SAN
// - Example: { channels: 16 } of x [1, 16, 14, 14]
void build_soca(Builder& b);

}  // namespace heed::attention

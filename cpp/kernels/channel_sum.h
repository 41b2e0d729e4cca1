// One map of all channels: a 1x1 convolution to one channel, in either layout.
#pragma once

#include "base/shape.h"
#include "kernels/activation.h"

namespace heed::kernels {

// y[n, i] = activation(sum_c w[c] x[n, c, i] + bias). x is (batch, channels, positions) with these
// steps, one of the last two being 1; y (batch, positions) is contiguous and overlaps nothing.
// Sums run along the channels: |error| <= channels * 2^-23 * sum_c |w[c] x[c]|.
struct ChannelSum {
  Extent batch = 0, channels = 0, positions = 0;
  Extent batch_step = 0, channel_step = 0, position_step = 0;
  Activation activation;
};

// `bias` is one float, or null.
void channel_sum(const ChannelSum& sum, const float* x, const float* w, const float* bias,
                 float* y);

}  // namespace heed::kernels

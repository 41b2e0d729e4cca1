// Normalisations.
#pragma once

#include "kernels/activation.h"
#include "kernels/iterate.h"

namespace heed::kernels {

// y = activation(x * scale + shift) over the loop (perhaps periodic) of (y, x, scale), shift having
// the steps of scale. y may be x when their steps are equal.
void scale_shift(const Loop& loop, const Activation& activation, float* y, const float* x,
                 const float* scale, const float* shift);

// What makes the normalisation of a channel a scale and a shift:
//   scale[i] = gain[i] / sqrt(variance[i] + epsilon),  shift[i] = offset[i] - mean[i] * scale[i],
//   i < count.
// scale may be variance, and shift mean. gain and offset may be null: 1 and 0.
void norm_coefficients(Extent count, float epsilon, const float* gain, const float* offset,
                       const float* mean, const float* variance, float* scale, float* shift);

// The statistics of groups of channels from those of channels, over the same number of elements
// each: mean and variance (batches, channels) are overwritten with those of the channel's group,
// channels / groups side by side.
void merge_moments(Extent batches, Extent channels, Extent groups, float* mean, float* variance);

// Every row of x (rows, count), row-major:
//   layer norm: y = (x - mean) / sqrt(variance + epsilon) * gain + offset
//   RMS norm (centred = false): y = x / sqrt(mean(x^2) + epsilon) * gain + offset
// gain and offset (count); offset may be null: 0. Unless null, means and inverse_deviations (rows)
// get the row's statistics. y may be x. Both moments are taken in passes of their own.
struct LayerNorm {
  Extent rows = 0;
  Extent count = 0;
  float epsilon = 0;
  bool centred = true;
};
void layer_norm(const LayerNorm& norm, float* y, const float* x, const float* gain,
                const float* offset, float* means, float* inverse_deviations);

}  // namespace heed::kernels

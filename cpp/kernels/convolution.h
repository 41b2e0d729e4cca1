// Convolution of channels-last tensors as an implicit matrix product: one row for each output
// position, its K elements being pointed at where they lie in the input; no copy is made of it.
//
// 1-D, 2-D and 3-D convolutions are the same (missing axes have extent 1), and so is each phase of
// a transposed convolution.
#pragma once

#include "base/shape.h"
#include "kernels/epilogue.h"
#include "kernels/pack_panels.h"

namespace heed::kernels {

// One spatial axis. Output position o reads input position o * stride + first + t * step at tap t;
// positions outside 0..in-1 count as zeros.
struct ConvolutionAxis {
  Extent in = 1, out = 1;
  Extent taps = 1;
  Extent stride = 1;
  Extent first = 0;     // minus the padding
  Extent step = 1;      // the dilation
  Extent out_step = 0;  // floats from one output position to the next
};

// Input: (batch, axes[0].in, axes[1].in, axes[2].in, in_channels), contiguous.
// Output: channels are contiguous, positions lie at out_origin + sum of their steps.
struct Convolution {
  Extent batch = 1;
  Extent groups = 1;
  Extent in_channels = 0, out_channels = 0;  // of all groups
  ConvolutionAxis axes[3];
  Extent out_origin = 0;
  Extent out_image_step = 0;  // floats from one image of the batch to the next

  Extent taps() const { return axes[0].taps * axes[1].taps * axes[2].taps; }
  Extent group_in() const { return in_channels / groups; }
  Extent group_out() const { return out_channels / groups; }
};

// Weights of a convolution, wherever they lie: element (o, i, t) of group g is
// data[g * group_step + o * out_step + i * in_step + sum of tap_axis * tap_steps].
struct ConvolutionWeights {
  const float* data = nullptr;
  Extent group_step = 0, out_step = 0, in_step = 0;
  Extent tap_steps[3] = {};
};

// Floats of packed weights: for each group, panels of B[taps * group_in, group_out], K counting
// taps then channels; then zeros, which padding reads.
int64_t packed_convolution_count(const Convolution& shape);
void pack_convolution(const Convolution& shape, const ConvolutionWeights& weights, float* packed);

// output = activation(conv(input) + bias + residual). `bias` is [out_channels] or null; the
// residual lies as the output does. The output overlaps nothing. Sums run over taps, then channels,
// in runs of at most about 1024 terms.
void convolve(const Convolution& shape, const float* input, const float* packed, const float* bias,
              float* output, const Epilogue& epilogue);

}  // namespace heed::kernels

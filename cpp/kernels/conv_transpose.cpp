#include "kernels/conv_transpose.h"

#include <algorithm>
#include <numeric>

namespace heed::kernels {

namespace {

// The taps of one phase of one axis: last, last - apart, last - 2 apart, ...: `count` of them, by
// which the input positions that they read ascend.
struct PhaseTaps {
  Extent count = 0;
  Extent last = 0;
  Extent apart = 1;
};

PhaseTaps phase_taps(const TransposedAxis& axis, Extent phase) {
  PhaseTaps taps;
  taps.apart = axis.stride / std::gcd(axis.stride, axis.dilation);
  const int64_t shifted = int64_t{phase} + axis.pad;
  for (Extent tap = 0; tap < std::min(axis.taps, taps.apart); ++tap) {
    if ((shifted - int64_t{tap} * axis.dilation) % axis.stride != 0) continue;
    taps.count = (axis.taps - 1 - tap) / taps.apart + 1;
    taps.last = tap + (taps.count - 1) * taps.apart;
    break;
  }
  return taps;
}

ConvolutionAxis phase_axis(const TransposedAxis& axis, Extent phase, const PhaseTaps& taps) {
  ConvolutionAxis result;
  result.in = axis.in;
  result.out = (axis.out - phase - 1) / axis.stride + 1;
  result.taps = taps.count;
  if (taps.count > 0) {
    const int64_t shifted = int64_t{phase} + axis.pad - int64_t{taps.last} * axis.dilation;
    result.first = static_cast<Extent>(shifted / axis.stride);
  }
  if (taps.count > 1) {
    result.step = static_cast<Extent>(int64_t{taps.apart} * axis.dilation / axis.stride);
  }
  return result;
}

// Calls `body(convolution, weights, first tap)` for every phase that has outputs.
template <class F>
void for_each_phase(const TransposedConvolution& shape, F&& body) {
  const TransposedAxis* axes = shape.axes;
  const Extent row_step = axes[2].out * shape.out_channels;
  const Extent steps[3] = {axes[1].out * row_step, row_step, shape.out_channels};
  const Extent tap_steps[3] = {axes[1].taps * axes[2].taps, axes[2].taps, 1};
  const Extent taps = axes[0].taps * tap_steps[0];
  Extent phase[3];
  for (phase[0] = 0; phase[0] < std::min(axes[0].stride, axes[0].out); ++phase[0]) {
    for (phase[1] = 0; phase[1] < std::min(axes[1].stride, axes[1].out); ++phase[1]) {
      for (phase[2] = 0; phase[2] < std::min(axes[2].stride, axes[2].out); ++phase[2]) {
        Convolution convolution;
        convolution.batch = shape.batch;
        convolution.groups = shape.groups;
        convolution.in_channels = shape.in_channels;
        convolution.out_channels = shape.out_channels;
        convolution.out_image_step = axes[0].out * steps[0];
        ConvolutionWeights weights;
        weights.group_step = shape.group_in() * shape.group_out() * taps;
        weights.in_step = shape.group_out() * taps;
        weights.out_step = taps;
        Extent first_tap = 0;
        for (int i = 0; i < 3; ++i) {
          const PhaseTaps found = phase_taps(axes[i], phase[i]);
          convolution.axes[i] = phase_axis(axes[i], phase[i], found);
          // Only what is used is sure to fit an Extent.
          if (convolution.axes[i].out > 1) convolution.axes[i].out_step = axes[i].stride * steps[i];
          convolution.out_origin += phase[i] * steps[i];
          if (found.count > 1) weights.tap_steps[i] = -found.apart * tap_steps[i];
          first_tap += found.last * tap_steps[i];
        }
        body(convolution, weights, first_tap);
      }
    }
  }
}

}  // namespace

int64_t packed_transposed_count(const TransposedConvolution& shape) {
  int64_t count = 0;
  for_each_phase(shape, [&](const Convolution& phase, const ConvolutionWeights&, Extent) {
    count += packed_convolution_count(phase);
  });
  return count;
}

void pack_transposed(const TransposedConvolution& shape, const float* weights, float* packed) {
  for_each_phase(shape, [&](const Convolution& phase, ConvolutionWeights source, Extent first_tap) {
    source.data = weights + first_tap;
    pack_convolution(phase, source, packed);
    packed += packed_convolution_count(phase);
  });
}

void conv_transpose(const TransposedConvolution& shape, const float* input, const float* packed,
                    const float* bias, float* output, const Epilogue& epilogue) {
  for_each_phase(shape, [&](const Convolution& phase, const ConvolutionWeights&, Extent) {
    convolve(phase, input, packed, bias, output, epilogue);
    packed += packed_convolution_count(phase);
  });
}

}  // namespace heed::kernels

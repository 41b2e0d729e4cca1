#include "kernels/plane_convolution.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/elementwise_unary.h"
#include "kernels/register_activation.h"
#include "kernels/row.h"
#include "simd/f32x4.h"

namespace heed::kernels {

using namespace simd;

namespace {

// Vectors of a row that are computed at once.
constexpr Extent kVectors = 4, kPositions = kVectors * kLanes;

// Positions of one axis that the taps see.
Extent seen(const ConvolutionAxis& axis) {
  return (axis.out - 1) * axis.stride + (axis.taps - 1) * axis.step + 1;
}

// Of a plane, from one line to the next: as far as the last block of positions reads.
Extent line_step(const Convolution& shape) {
  const ConvolutionAxis& axis = shape.axes[2];
  const Extent blocks = (axis.out + kPositions - 1) / kPositions;
  return blocks * kPositions + (axis.taps - 1) * axis.step;
}

// The image's channels as planes [channel][line][position], zeros where it is padded.
void fill_planes(const Convolution& shape, const float* image, float* planes) {
  const ConvolutionAxis &y = shape.axes[1], &x = shape.axes[2];
  const Extent lines = seen(y), step = line_step(shape), channels = shape.in_channels;
  const Extent begin = std::clamp(-x.first, 0, step);
  const Extent end = std::clamp(x.in - x.first, begin, step);
  for (Extent c = 0; c < channels; ++c) {
    for (Extent line = 0; line < lines; ++line, planes += step) {
      const Extent row = line + y.first;
      if (row < 0 || row >= y.in) {
        std::fill_n(planes, step, 0.0f);
        continue;
      }
      std::fill_n(planes, begin, 0.0f);
      const float* from = image + (int64_t{row} * x.in + begin + x.first) * channels + c;
      for (Extent i = begin; i < end; ++i, from += channels) planes[i] = *from;
      std::fill(planes + end, planes + step, 0.0f);
    }
  }
}

}  // namespace

bool is_plane_convolution(const Convolution& shape) {
  const ConvolutionAxis& first = shape.axes[0];
  return shape.out_channels == 1 && shape.groups == 1 && shape.in_channels <= 8 &&
         shape.taps() >= 4 && first.in == 1 && first.out == 1 && first.taps == 1 &&
         first.first == 0 && shape.axes[2].stride == 1;
}

int64_t plane_convolution_scratch(const Convolution& shape) {
  return int64_t{shape.in_channels} * seen(shape.axes[1]) * line_step(shape);
}

void convolve_planes(const Convolution& shape, const float* input, const float* weights,
                     const float* bias, float* output, const Epilogue& epilogue, float* scratch) {
  RegisterActivation activation;
  const bool in_registers = to_register_activation(epilogue.activation, activation);
  const ConvolutionAxis &y = shape.axes[1], &x = shape.axes[2];
  const Extent lines = seen(y), step = line_step(shape);
  const f32x4 first = splat(bias ? *bias : 0.0f);
  for (Extent image = 0; image < shape.batch; ++image) {
    const int64_t in_step = int64_t{y.in} * x.in * shape.in_channels;
    fill_planes(shape, input + image * in_step, scratch);
    const Extent origin = shape.out_origin + image * shape.out_image_step;
    parallel_for(y.out, 1, [&](Extent begin, Extent end) {
      for (Extent row = begin; row < end; ++row) {
        const Extent place = origin + row * y.out_step;
        for (Extent at = 0; at < x.out; at += kPositions) {
          f32x4 sums[kVectors] = {first, first, first, first};
          const float* weight = weights;
          for (Extent c = 0; c < shape.in_channels; ++c) {
            const float* line =
                scratch + (int64_t{c} * lines + int64_t{row} * y.stride) * step + at;
            for (Extent i = 0; i < y.taps; ++i, line += y.step * step) {
              const float* from = line;
              for (Extent j = 0; j < x.taps; ++j, from += x.step) {
                const f32x4 w = load_splat(weight++);
                for (Extent v = 0; v < kVectors; ++v) {
                  sums[v] = madd(load(from + v * kLanes), w, sums[v]);
                }
              }
            }
          }
          for (Extent v = 0; v < kVectors && at + v * kLanes < x.out; ++v) {
            const Extent to = place + at + v * kLanes, count = x.out - at - v * kLanes;
            f32x4 sum = sums[v];
            if (epilogue.residual) sum += load_partial(epilogue.residual + to, count);
            if (in_registers) sum = apply(activation, sum);
            store_partial(output + to, sum, count);
          }
        }
        if (!in_registers) activate_row(epilogue.activation, output + place, x.out);
      }
    });
  }
}

}  // namespace heed::kernels

#include "support/convolution_reference.h"

#include <cmath>

#include "support/host_tensor.h"

namespace heed::test {

int ConvolutionCase::out(int axis) const {
  const int reach = dilation[axis] * (kernel[axis] - 1) + 1;
  return (in[axis] + pad_begin[axis] + pad_end[axis] - reach) / stride[axis] + 1;
}

size_t ConvolutionCase::input_count() const {
  return size_t(batch) * in[0] * in[1] * in[2] * in_channels;
}

size_t ConvolutionCase::weight_count() const {
  return size_t(out_channels) * (in_channels / groups) * kernel[0] * kernel[1] * kernel[2];
}

size_t ConvolutionCase::output_count() const {
  return size_t(batch) * out(0) * out(1) * out(2) * out_channels;
}

std::vector<double> convolution_reference(const ConvolutionCase& c, const std::vector<float>& input,
                                          const std::vector<float>& weights) {
  std::vector<double> output(c.output_count(), 0.0);
  const int group_in = c.in_channels / c.groups, group_out = c.out_channels / c.groups;
  // The element of the input at a padded position, channel i.
  const auto read = [&](int n, const int(&at)[3], int i) -> double {
    for (int axis = 0; axis < 3; ++axis) {
      if (at[axis] < 0 || at[axis] >= c.in[axis]) return 0;
    }
    const size_t pixel = ((size_t(n) * c.in[0] + at[0]) * c.in[1] + at[1]) * c.in[2] + at[2];
    return input[pixel * c.in_channels + i];
  };
  size_t pixel = 0;
  for (int n = 0; n < c.batch; ++n) {
    for (int z = 0; z < c.out(0); ++z) {
      for (int y = 0; y < c.out(1); ++y) {
        for (int x = 0; x < c.out(2); ++x, ++pixel) {
          for (int o = 0; o < c.out_channels; ++o) {
            double sum = 0;
            size_t w = size_t(o) * group_in * c.kernel[0] * c.kernel[1] * c.kernel[2];
            for (int i = 0; i < group_in; ++i) {
              for (int kz = 0; kz < c.kernel[0]; ++kz) {
                for (int ky = 0; ky < c.kernel[1]; ++ky) {
                  for (int kx = 0; kx < c.kernel[2]; ++kx, ++w) {
                    const int at[3] = {z * c.stride[0] - c.pad_begin[0] + kz * c.dilation[0],
                                       y * c.stride[1] - c.pad_begin[1] + ky * c.dilation[1],
                                       x * c.stride[2] - c.pad_begin[2] + kx * c.dilation[2]};
                    sum += read(n, at, o / group_out * group_in + i) * weights[w];
                  }
                }
              }
            }
            output[pixel * c.out_channels + o] = sum;
          }
        }
      }
    }
  }
  return output;
}

ConvolutionCase plane(int in_channels, int out_channels, int size, int kernel, int stride, int pad,
                      int groups) {
  ConvolutionCase c;
  c.in_channels = in_channels;
  c.out_channels = out_channels;
  c.groups = groups;
  for (int axis = 1; axis < 3; ++axis) {
    c.in[axis] = size;
    c.kernel[axis] = kernel;
    c.stride[axis] = stride;
    c.pad_begin[axis] = c.pad_end[axis] = pad;
  }
  return c;
}

ConvolutionTrial::ConvolutionTrial(const ConvolutionCase& c)
    : geometry(c),
      input(random_floats(c.input_count(), 1)),
      weights(random_floats(c.weight_count(), 2, -0.5f, 0.5f)),
      bias(random_floats(size_t(c.out_channels), 3)),
      residual(random_floats(c.output_count(), 4)),
      output(c.output_count(), NAN) {
  shape.batch = c.batch;
  shape.groups = c.groups;
  shape.in_channels = c.in_channels;
  shape.out_channels = c.out_channels;
  Extent step = c.out_channels;
  for (int axis = 2; axis >= 0; --axis) {
    shape.axes[axis] = {
        c.in[axis],       c.out(axis), c.kernel[axis], c.stride[axis], -c.pad_begin[axis],
        c.dilation[axis], step};
    step *= c.out(axis);
  }
  shape.out_image_step = step;
  epilogue.residual = residual.data();
  epilogue.activation = {kernels::ActivationKind::kClip, -1.0f, 2.0f};
}

double ConvolutionTrial::error() const {
  const auto sums = convolution_reference(geometry, input, weights);
  double worst = 0;
  for (size_t i = 0; i < output.size(); ++i) {
    const double sum = sums[i] + bias[i % bias.size()] + residual[i];
    const double error = std::abs(output[i] - std::fmin(std::fmax(sum, -1.0), 2.0));
    if (std::isnan(error)) return error;
    worst = std::fmax(worst, error);
  }
  return worst;
}

}  // namespace heed::test

// Convolution as its definition says, one output element at a time, in double precision.
#pragma once

#include <vector>

#include "kernels/convolution.h"

namespace heed::test {

// Up to three spatial axes; ONNX's weights (out, in / groups, kernel...), channels-last tensors.
struct ConvolutionCase {
  int batch = 1, groups = 1;
  int in_channels = 1, out_channels = 1;
  int in[3] = {1, 1, 1};
  int kernel[3] = {1, 1, 1};
  int stride[3] = {1, 1, 1};
  int dilation[3] = {1, 1, 1};
  int pad_begin[3] = {0, 0, 0};
  int pad_end[3] = {0, 0, 0};

  int out(int axis) const;
  size_t input_count() const;
  size_t weight_count() const;
  size_t output_count() const;
};

// Without bias and activation.
std::vector<double> convolution_reference(const ConvolutionCase& c, const std::vector<float>& input,
                                          const std::vector<float>& weights);

// A square 2-D case.
ConvolutionCase plane(int in_channels, int out_channels, int size, int kernel, int stride = 1,
                      int pad = 0, int groups = 1);

// A case with random tensors, of which a kernel is to compute clip(conv(input) + bias + residual,
// -1, 2).
struct ConvolutionTrial {
  explicit ConvolutionTrial(const ConvolutionCase& c);

  ConvolutionCase geometry;
  kernels::Convolution shape;
  std::vector<float> input, weights, bias, residual;
  std::vector<float> output;  // NaN
  kernels::Epilogue epilogue;

  // The largest error of `output`; NaN where there is one.
  double error() const;
};

}  // namespace heed::test

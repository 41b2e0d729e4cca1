#include "kernels/depthwise.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "support/convolution_reference.h"

using namespace heed;
using namespace heed::test;

namespace {

double error_of(const ConvolutionCase& c) {
  ConvolutionTrial trial(c);
  REQUIRE(kernels::is_depthwise(trial.shape));
  std::vector<float> packed(kernels::packed_depthwise_count(trial.shape));
  kernels::pack_depthwise(trial.shape, trial.weights.data(), packed.data());
  kernels::convolve_depthwise(trial.shape, trial.input.data(), packed.data(), trial.bias.data(),
                              trial.output.data(), trial.epilogue);
  return trial.error();
}

}  // namespace

TEST_CASE("depthwise convolution agrees with its definition around lane and tile edges") {
  for (int kernel : {1, 2, 3, 5, 7, 9}) {
    for (int stride : {1, 2, 3}) {
      for (int channels : {2, 3, 4, 5, 8, 15, 33, 36}) {
        for (int size : {9, 10, 13, 17, 24}) {
          CAPTURE(kernel, stride, channels, size);
          CHECK(error_of(plane(channels, channels, size, kernel, stride, kernel / 2, channels)) <
                5e-6);
        }
      }
    }
  }
}

TEST_CASE("convolution in groups of two and four channels agrees with its definition") {
  for (int group : {2, 4}) {
    for (int channels : {8, 12, 36}) {
      for (int kernel : {1, 3, 5}) {
        for (int stride : {1, 2}) {
          for (int size : {1, 3, 6, 13}) {
            CAPTURE(group, channels, kernel, stride, size);
            ConvolutionCase c =
                plane(channels, channels, size, kernel, stride, kernel / 2, channels / group);
            c.batch = 2;
            CHECK(error_of(c) < 5e-6);
            c.dilation[1] = c.dilation[2] = 2;
            c.pad_begin[1] = c.pad_end[2] = kernel;
            CHECK(error_of(c) < 5e-6);
          }
        }
      }
    }
  }
}

TEST_CASE("what is not a number in one group leaves the other groups alone") {
  for (int group : {1, 2, 4}) {
    CAPTURE(group);
    ConvolutionTrial trial(plane(8, 8, 3, 3, 1, 1, 8 / group));
    trial.input[4 * 8 + 5] = NAN;  // the centre's channel 5: every tap sees it
    std::vector<float> packed(kernels::packed_depthwise_count(trial.shape));
    kernels::pack_depthwise(trial.shape, trial.weights.data(), packed.data());
    kernels::convolve_depthwise(trial.shape, trial.input.data(), packed.data(), nullptr,
                                trial.output.data(), {});
    for (int i = 0; i < 9 * 8; ++i) {
      CHECK(std::isnan(trial.output[i]) == (i % 8 / group == 5 / group));
    }
  }
}

TEST_CASE("depthwise convolution of groups that do not fill vectors is not taken") {
  CHECK(error_of(plane(4, 4, 7, 3, 1, 1, 1)) < 5e-6);  // one group that does
  CHECK_FALSE(kernels::is_depthwise(ConvolutionTrial(plane(1, 1, 3, 3, 1, 1, 1)).shape));
  CHECK_FALSE(kernels::is_depthwise(ConvolutionTrial(plane(2, 2, 3, 3, 1, 1, 1)).shape));
  CHECK_FALSE(kernels::is_depthwise(ConvolutionTrial(plane(6, 6, 3, 3, 1, 1, 3)).shape));
  CHECK_FALSE(kernels::is_depthwise(ConvolutionTrial(plane(9, 9, 3, 3, 1, 1, 3)).shape));
  CHECK_FALSE(kernels::is_depthwise(ConvolutionTrial(plane(8, 16, 3, 3, 1, 1, 4)).shape));
}

TEST_CASE("depthwise convolution of maps smaller than a tile, or than the kernel") {
  for (int kernel : {3, 5, 7}) {
    for (int size : {1, 2, 3, 4, 5, 6, 7, 8}) {
      CAPTURE(kernel, size);
      CHECK(error_of(plane(6, 6, size, kernel, 1, kernel / 2, 6)) < 5e-6);
      CHECK(error_of(plane(6, 6, size, kernel, 2, kernel - 1, 6)) < 5e-6);
    }
  }
}

TEST_CASE("depthwise convolution honours dilations, paddings of each side and shapes of kernels") {
  ConvolutionCase c = plane(7, 7, 14, 3, 1, 0, 7);
  c.batch = 2;
  for (int dilation : {1, 2, 5}) {
    for (int pads = 0; pads < 16; ++pads) {
      c.dilation[1] = dilation;
      c.dilation[2] = 1 + pads % 2 * (dilation - 1);
      c.pad_begin[1] = pads & 1 ? 12 : 0;
      c.pad_begin[2] = pads & 2 ? 11 : 0;
      c.pad_end[1] = pads & 4 ? 3 : 0;
      c.pad_end[2] = pads & 8 ? 13 : 0;
      CAPTURE(dilation, pads);
      CHECK(error_of(c) < 5e-6);
    }
  }
  for (int rows : {1, 6, 7, 8, 11}) {
    for (int columns : {1, 3, 4, 5, 7, 11}) {
      ConvolutionCase flat = plane(5, 5, 13, 3, 1, 0, 5);
      flat.kernel[1] = rows;
      flat.kernel[2] = columns;
      CAPTURE(rows, columns);
      CHECK(error_of(flat) < 5e-6);
    }
  }
}

TEST_CASE("depthwise convolution along one axis") {
  ConvolutionCase c;
  c.in_channels = c.out_channels = c.groups = 20;
  c.in[2] = 50;
  c.kernel[2] = 31;
  c.pad_begin[2] = c.pad_end[2] = 15;
  CHECK(error_of(c) < 1e-5);
  c.kernel[2] = 3;
  CHECK(error_of(c) < 5e-6);
}

TEST_CASE("depthwise convolution with an activation that needs more than registers") {
  ConvolutionTrial trial(plane(9, 9, 8, 3, 1, 1, 9));
  std::vector<float> packed(kernels::packed_depthwise_count(trial.shape));
  kernels::pack_depthwise(trial.shape, trial.weights.data(), packed.data());
  kernels::convolve_depthwise(trial.shape, trial.input.data(), packed.data(), nullptr,
                              trial.output.data(), {nullptr, {kernels::ActivationKind::kSigmoid}});
  const auto sums = convolution_reference(trial.geometry, trial.input, trial.weights);
  for (size_t i = 0; i < sums.size(); ++i) {
    CHECK(trial.output[i] == Approx(1 / (1 + std::exp(-sums[i]))).margin(1e-6));
  }
}

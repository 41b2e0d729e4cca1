#include "kernels/convolution.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>

#include "kernels/plane_convolution.h"
#include "support/convolution_reference.h"
#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;

namespace {

double error_of(const ConvolutionCase& c) {
  ConvolutionTrial trial(c);
  const kernels::Convolution& shape = trial.shape;
  const Extent taps = shape.taps(), out_step = taps * shape.group_in();
  std::vector<float> packed(kernels::packed_convolution_count(shape));
  kernels::pack_convolution(shape,
                            {trial.weights.data(),
                             shape.group_out() * out_step,
                             out_step,
                             taps,
                             {c.kernel[1] * c.kernel[2], c.kernel[2], 1}},
                            packed.data());
  kernels::convolve(shape, trial.input.data(), packed.data(), trial.bias.data(),
                    trial.output.data(), trial.epilogue);
  return trial.error();
}

double plane_error_of(const ConvolutionCase& c) {
  ConvolutionTrial trial(c);
  REQUIRE(kernels::is_plane_convolution(trial.shape));
  const auto floats = static_cast<size_t>(kernels::plane_convolution_scratch(trial.shape));
  const auto scratch = std::make_unique<float[]>(floats);
  kernels::convolve_planes(trial.shape, trial.input.data(), trial.weights.data(), trial.bias.data(),
                           trial.output.data(), trial.epilogue, scratch.get());
  return trial.error();
}

}  // namespace

TEST_CASE("convolution to one channel takes positions as vectors") {
  for (int channels : {1, 2, 3, 8}) {
    for (int size : {1, 4, 7, 16, 17, 35}) {
      CAPTURE(channels, size);
      ConvolutionCase c = plane(channels, 1, size, 7, 1, 3);
      CHECK(plane_error_of(c) < 1e-5);
      c.batch = 2;
      c.in[1] = 5;
      c.stride[1] = 2;
      c.kernel[1] = 3;
      c.dilation[1] = 2;
      c.dilation[2] = 3;
      c.pad_begin[2] = 9;
      c.pad_end[2] = 11;
      CHECK(plane_error_of(c) < 1e-5);
    }
  }
  ConvolutionCase line = plane(2, 1, 20, 5, 1, 2);
  line.in[1] = line.kernel[1] = 1;
  line.pad_begin[1] = line.pad_end[1] = 0;
  CHECK(plane_error_of(line) < 2e-6);
  const auto takes = [](ConvolutionCase c) {
    return kernels::is_plane_convolution(ConvolutionTrial(c).shape);
  };
  CHECK_FALSE(takes(plane(2, 2, 9, 3)));
  CHECK_FALSE(takes(plane(9, 1, 9, 3)));
  CHECK_FALSE(takes(plane(2, 1, 9, 3, 2)));
  CHECK_FALSE(takes(plane(2, 1, 9, 1)));
}

TEST_CASE("convolution agrees with its definition around lane and tile edges") {
  for (int channels : {1, 2, 3, 4, 5, 7, 8, 9}) {
    for (int size : {1, 2, 3, 5, 7, 8, 13}) {
      CAPTURE(channels, size);
      CHECK(error_of(plane(channels, channels + 6, size, 3, 1, 1)) < 2e-6);
      CHECK(error_of(plane(channels + 1, channels, size, 1)) < 2e-6);
      CHECK(error_of(plane(channels, channels, size, 3, 2, 1)) < 2e-6);
    }
  }
}

TEST_CASE("convolution honours strides, dilations and paddings of each side") {
  ConvolutionCase c = plane(5, 9, 12, 3);
  for (int stride : {1, 2, 3}) {
    for (int dilation : {1, 2, 4}) {
      for (int pads = 0; pads < 16; ++pads) {
        c.stride[1] = stride;
        c.stride[2] = 3 - stride / 2;
        c.dilation[1] = dilation;
        c.dilation[2] = 1 + dilation % 3;
        c.pad_begin[1] = pads & 1 ? 2 : 0;
        c.pad_begin[2] = pads & 2 ? 7 : 0;
        c.pad_end[1] = pads & 4 ? 4 : 0;
        c.pad_end[2] = pads & 8 ? 3 : 0;
        CAPTURE(stride, dilation, pads);
        CHECK(error_of(c) < 2e-6);
      }
    }
  }
}

TEST_CASE("convolution of groups sees its own channels only") {
  for (int groups : {2, 3, 5}) {
    CAPTURE(groups);
    CHECK(error_of(plane(groups, groups, 6, 3, 1, 1, groups)) < 2e-6);
    CHECK(error_of(plane(groups * 3, groups * 9, 6, 3, 1, 1, groups)) < 2e-6);
    CHECK(error_of(plane(groups * 4, groups, 6, 1, 2, 0, groups)) < 2e-6);
  }
  // Also the groups that graphs hand to the depthwise kernel.
  CHECK(error_of(plane(64, 64, 6, 3, 1, 1, 32)) < 2e-6);
  CHECK(error_of(plane(18, 12, 6, 3, 2, 1, 6)) < 2e-6);
  CHECK(error_of(plane(18, 9, 5, 3, 1, 1, 9)) < 2e-6);
  CHECK(error_of(plane(4, 8, 7, 3, 1, 1, 4)) < 2e-6);
}

TEST_CASE("convolution runs over K in pieces where channels or taps are many") {
  CHECK(error_of(plane(600, 9, 4, 3, 1, 1)) < 2e-5);   // several runs of one kernel row
  CHECK(error_of(plane(1500, 5, 4, 3, 1, 1)) < 2e-5);  // a row of taps is more than a run
  CHECK(error_of(plane(1, 3, 40, 33, 1, 16)) < 2e-5);
  ConvolutionCase wide = plane(1, 2, 1, 1);
  wide.in[2] = 1500;
  wide.kernel[2] = 1025;
  wide.pad_begin[2] = 30;
  wide.stride[2] = 7;
  CHECK(error_of(wide) < 2e-5);
  wide.dilation[2] = 2;
  wide.kernel[2] = 700;
  CHECK(error_of(wide) < 2e-5);
}

TEST_CASE("convolution has one, two or three spatial axes and any batch") {
  ConvolutionCase c = plane(4, 5, 6, 3, 2, 1);
  c.batch = 3;
  CHECK(error_of(c) < 2e-6);
  c.in[0] = 5;
  c.kernel[0] = 3;
  c.pad_begin[0] = 1;
  c.stride[0] = 2;
  CHECK(error_of(c) < 2e-6);
  c.dilation[0] = 2;
  CHECK(error_of(c) < 2e-6);
}

TEST_CASE("a convolution's activation may need more than registers") {
  const ConvolutionCase c = plane(3, 10, 5, 3, 1, 1);
  const auto input = random_floats(c.input_count(), 1),
             weights = random_floats(c.weight_count(), 2);
  const kernels::Convolution shape = ConvolutionTrial(c).shape;
  std::vector<float> packed(kernels::packed_convolution_count(shape)), output(c.output_count());
  kernels::pack_convolution(shape, {weights.data(), 0, 27, 9, {9, 3, 1}}, packed.data());
  const auto expected = convolution_reference(c, input, weights);
  const auto run = [&](kernels::Activation activation) {
    kernels::convolve(shape, input.data(), packed.data(), nullptr, output.data(),
                      {nullptr, activation});
  };
  run({kernels::ActivationKind::kTanh, 0, 0, 2.0f, 0.25f});
  for (size_t i = 0; i < output.size(); ++i) {
    CHECK(output[i] == Approx(2 * std::tanh(expected[i]) + 0.25).margin(2e-6));
  }
  run({kernels::ActivationKind::kHardSwish, 0, 0, 0.5f, -1.0f});
  for (size_t i = 0; i < output.size(); ++i) {
    const double gate = std::fmin(std::fmax(expected[i] / 6 + 0.5, 0.0), 1.0);
    CHECK(output[i] == Approx(0.5 * expected[i] * gate - 1).margin(2e-6));
  }
}

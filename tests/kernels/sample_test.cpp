#include "kernels/sample.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;
using kernels::GridSample;
using kernels::SampleMode;
using kernels::SamplePadding;

namespace {

// Bilinear sampling with zeros outside, straight from the definition: every element weighs
// max(0, 1 - |distance|) along each axis.
double bilinear(const GridSample& s, const std::vector<float>& from, Extent b, Extent c, double nx,
                double ny) {
  const Extent height = s.extents[0], width = s.extents[1];
  const auto position = [&](double n, Extent size) {
    return s.align_corners ? (n + 1) / 2 * (size - 1) : ((n + 1) * size - 1) / 2;
  };
  const double x = position(nx, width), y = position(ny, height);
  double sum = 0;
  for (Extent i = 0; i < height; ++i) {
    for (Extent j = 0; j < width; ++j) {
      const double weight = std::fmax(0, 1 - std::abs(y - i)) * std::fmax(0, 1 - std::abs(x - j));
      sum += weight * from[size_t(((b * height + i) * width + j) * s.channels + c)];
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("bilinear sampling agrees with its definition for any number of channels") {
  for (Extent channels : {1, 3, 4, 5, 8, 11}) {
    for (bool align_corners : {false, true}) {
      GridSample s = {
          2, 2, {4, 5}, channels, 13, SampleMode::kLinear, SamplePadding::kZeros, align_corners};
      const auto from = random_floats(size_t(2 * 20 * channels), 1);
      const auto grid = random_floats(2 * 13 * 2, 2, -1.5f, 1.5f);
      std::vector<float> to(size_t(26 * channels) + 1, 77.0f);
      kernels::grid_sample(s, from.data(), grid.data(), to.data());
      CAPTURE(channels, align_corners);
      double worst = 0;
      for (Extent point = 0; point < 26; ++point) {
        for (Extent c = 0; c < channels; ++c) {
          const double expected = bilinear(s, from, point / 13, c, grid[size_t(2 * point)],
                                           grid[size_t(2 * point + 1)]);
          worst = std::fmax(worst, std::abs(to[size_t(point * channels + c)] - expected));
        }
      }
      CHECK(worst < 2e-6);
      CHECK(to.back() == 77.0f);
    }
  }
}

// The tensor is exactly as large as it says: the sanitizer sees any element beyond it.
TEST_CASE("positions that are infinite or far away read nothing outside") {
  const float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> grid = {-kInfinity, 0,    kInfinity, -kInfinity, 3e38f, -3e38f,
                                   1e9f,       1e9f, -5,        7,          0,     kInfinity};
  const std::vector<float> from = {1, 1, 1, 1, 1, 1};  // (2, 3, 1)
  for (SampleMode mode : {SampleMode::kNearest, SampleMode::kLinear, SampleMode::kCubic}) {
    for (bool align_corners : {false, true}) {
      GridSample s = {2, 1, {2, 3}, 1, 6, mode, SamplePadding::kZeros, align_corners};
      std::vector<float> to(6);
      kernels::grid_sample(s, from.data(), grid.data(), to.data());
      CHECK(to == std::vector<float>(6, 0.0f));
      for (SamplePadding padding : {SamplePadding::kBorder, SamplePadding::kReflection}) {
        s.padding = padding;
        kernels::grid_sample(s, from.data(), grid.data(), to.data());
        for (float value : to) CHECK(value == Approx(1));
      }
    }
  }
}

// PyTorch 2.15, F.grid_sample on the CPU, align_corners=False.
TEST_CASE("a position that is NaN gives what it does in PyTorch") {
  const std::vector<float> from = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};  // (3, 4, 1)
  const std::vector<float> grid = {NAN, 0.1f, 0.1f, NAN, NAN, NAN, NAN, 9};
  const auto sampled = [&](SampleMode mode, SamplePadding padding) {
    const GridSample s = {2, 1, {3, 4}, 1, 4, mode, padding, false};
    std::vector<float> to(4);
    kernels::grid_sample(s, from.data(), grid.data(), to.data());
    return to;
  };
  using enum SampleMode;
  using enum SamplePadding;
  CHECK(sampled(kNearest, kZeros) == std::vector<float>(4, 0));
  CHECK(sampled(kNearest, kBorder) == std::vector<float>{5, 3, 1, 9});
  for (float value : sampled(kLinear, kZeros)) CHECK(std::isnan(value));
  for (SamplePadding padding : {kBorder, kReflection}) {
    const std::vector<float> linear = sampled(kLinear, padding);
    CHECK(linear[0] == Approx(5.6));
    CHECK(linear[1] == Approx(2.7));
    CHECK(linear[2] == 1);
  }
  for (SamplePadding padding : {kZeros, kBorder, kReflection}) {
    for (float value : sampled(kCubic, padding)) CHECK(std::isnan(value));
  }
}

TEST_CASE("reflection turns around the edge, or with align_corners around the centre") {
  const std::vector<float> from = {0, 1, 2, 3};  // (1, 4, 1)
  // At a position in elements.
  const auto sampled = [&](bool align_corners, float x) {
    const float normalized = align_corners ? 2 * x / 3 - 1 : (2 * x + 1) / 4 - 1;
    const std::vector<float> grid = {normalized, 0};
    GridSample s = {
        2, 1, {1, 4}, 1, 1, SampleMode::kLinear, SamplePadding::kReflection, align_corners};
    float to = 0;
    kernels::grid_sample(s, from.data(), grid.data(), &to);
    return to;
  };
  CHECK(sampled(false, -1.5f) == Approx(0.5));
  CHECK(sampled(false, 4.5f) == Approx(2.5));
  CHECK(sampled(false, -5.5f) == Approx(2.5));  // around -0.5 and around 3.5
  CHECK(sampled(false, 9.5f) == Approx(1.5));
  CHECK(sampled(true, -1.5f) == Approx(1.5));
  CHECK(sampled(true, 4.5f) == Approx(1.5));
  CHECK(sampled(true, -4.25f) == Approx(1.75));
}

TEST_CASE("an affine grid has the centres of the elements, or spans the corners") {
  const std::vector<float> theta = {2, 0, 0.5f, 0, 1, 0};
  const Extent extents[] = {1, 4};
  std::vector<float> to(8);
  kernels::affine_grid(2, 1, extents, false, theta.data(), to.data());
  CHECK(to == std::vector<float>{-1, 0, 0, 0, 1, 0, 2, 0});
  const Extent three[] = {1, 3};
  to.resize(6);
  kernels::affine_grid(2, 1, three, true, theta.data(), to.data());
  CHECK(to == std::vector<float>{-1.5f, 0, 0.5f, 0, 2.5f, 0});
}

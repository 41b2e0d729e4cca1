#include "kernels/conv_transpose.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;

namespace {

size_t input_positions(const kernels::TransposedConvolution& s) {
  return size_t(s.axes[0].in) * s.axes[1].in * s.axes[2].in;
}

// The definition: every input element is scattered to where its taps lead.
std::vector<double> reference(const kernels::TransposedConvolution& s, const std::vector<float>& x,
                              const std::vector<float>& w, const std::vector<float>& bias) {
  const auto& a = s.axes;
  const size_t positions = size_t(a[0].out) * a[1].out * a[2].out;
  std::vector<double> y(s.batch * positions * s.out_channels);
  for (size_t i = 0; i < y.size(); ++i) y[i] = bias[i % bias.size()];
  size_t from = 0;
  for (int n = 0; n < s.batch; ++n) {
    for (int z = 0; z < a[0].in; ++z) {
      for (int r = 0; r < a[1].in; ++r) {
        for (int q = 0; q < a[2].in; ++q) {
          for (int i = 0; i < s.in_channels; ++i, ++from) {
            const int group = i / s.group_in();
            size_t weight = size_t(i) * s.group_out() * a[0].taps * a[1].taps * a[2].taps;
            for (int o = 0; o < s.group_out(); ++o) {
              for (int tz = 0; tz < a[0].taps; ++tz) {
                for (int ty = 0; ty < a[1].taps; ++ty) {
                  for (int tx = 0; tx < a[2].taps; ++tx, ++weight) {
                    const int oz = z * a[0].stride + tz * a[0].dilation - a[0].pad;
                    const int oy = r * a[1].stride + ty * a[1].dilation - a[1].pad;
                    const int ox = q * a[2].stride + tx * a[2].dilation - a[2].pad;
                    if (oz < 0 || oz >= a[0].out || oy < 0 || oy >= a[1].out || ox < 0 ||
                        ox >= a[2].out) {
                      continue;
                    }
                    const size_t at = ((size_t(n) * a[0].out + oz) * a[1].out + oy) * a[2].out + ox;
                    y[at * s.out_channels + group * s.group_out() + o] +=
                        double(x[from]) * w[weight];
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  return y;
}

double error_of(const kernels::TransposedConvolution& s) {
  const auto x = random_floats(s.batch * input_positions(s) * s.in_channels, 1);
  const auto w = random_floats(
      size_t(s.in_channels) * s.group_out() * s.axes[0].taps * s.axes[1].taps * s.axes[2].taps, 2);
  const auto bias = random_floats(s.out_channels, 3);
  const auto expected = reference(s, x, w, bias);
  std::vector<float> packed(kernels::packed_transposed_count(s)), y(expected.size(), NAN);
  kernels::pack_transposed(s, w.data(), packed.data());
  kernels::conv_transpose(s, x.data(), packed.data(), bias.data(), y.data(), {});
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const double error = std::abs(y[i] - expected[i]);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

kernels::TransposedConvolution plane(Extent in, Extent taps, Extent stride, Extent dilation,
                                     Extent pad, Extent added = 0) {
  kernels::TransposedConvolution s;
  s.in_channels = 5;
  s.out_channels = 3;
  const Extent out = (in - 1) * stride + (taps - 1) * dilation + 1 - 2 * pad + added;
  for (int axis : {1, 2}) s.axes[axis] = {in, out, taps, stride, dilation, pad};
  return s;
}

}  // namespace

TEST_CASE("transposed convolution agrees with its definition") {
  for (Extent in : {1, 2, 5, 9}) {
    for (Extent taps : {1, 2, 3, 4, 5}) {
      for (Extent stride : {1, 2, 3, 4}) {
        for (Extent dilation : {1, 2, 3, 4}) {
          for (Extent pad : {0, 1}) {
            if ((in - 1) * stride + (taps - 1) * dilation + 1 <= 2 * pad) continue;
            CAPTURE(in, taps, stride, dilation, pad);
            CHECK(error_of(plane(in, taps, stride, dilation, pad)) < 5e-6);
          }
        }
      }
    }
  }
}

TEST_CASE("transposed convolution reaches over or short of its last input") {
  CHECK(error_of(plane(4, 3, 2, 1, 1, 1)) < 5e-6);
  CHECK(error_of(plane(4, 2, 3, 1, 0, 7)) < 5e-6);    // positions that no tap reaches: the bias
  CHECK(error_of(plane(4, 2, 5, 1, 0, -14)) < 5e-6);  // fewer outputs than phases
}

TEST_CASE("transposed convolution with groups, a batch and one or three axes") {
  kernels::TransposedConvolution s = plane(4, 3, 2, 1, 1);
  s.batch = 2;
  s.groups = 3;
  s.in_channels = 12;
  s.out_channels = 6;
  CHECK(error_of(s) < 5e-6);
  s.axes[1] = {};
  CHECK(error_of(s) < 5e-6);
  s.axes[0] = {3, 6, 2, 2, 1, 0};
  s.axes[1] = {2, 5, 3, 2, 1, 0};
  CHECK(error_of(s) < 5e-6);
}

#include "kernels/norm.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "kernels/elementwise_unary.h"
#include "kernels/row.h"
#include "simd/f32x4.h"

namespace heed::kernels {

using namespace simd;

void scale_shift(const Loop& loop, const Activation& activation, float* y, const float* x,
                 const float* scale, const float* shift) {
  for_each_row(loop, [&](const Extent* at, Extent count) {
    float x_buffer[kMaxRow], y_buffer[kMaxRow], scale_buffer[kMaxRow], shift_buffer[kMaxRow];
    const float* from = read_row(x + at[1], loop.row_steps[1], count, x_buffer);
    const Run<float> s = read_run(loop, 2, scale + at[2], count, scale_buffer);
    const Run<float> t = read_run(loop, 2, shift + at[2], count, shift_buffer);
    float* to = write_row(y + at[0], loop.row_steps[0], y_buffer);
    for_each_vector(count, [&](Extent i, int n) {
      const f32x4 a = load_partial(s.at + i * s.advance, n);
      const f32x4 b = load_partial(t.at + i * s.advance, n);
      store_partial(to + i, madd(load_partial(from + i, n), a, b), n);
    });
    activate_row(activation, to, count);
    finish_row(y + at[0], loop.row_steps[0], count, to);
  });
}

void norm_coefficients(Extent count, float epsilon, const float* gain, const float* offset,
                       const float* mean, const float* variance, float* scale, float* shift) {
  for (Extent i = 0; i < count; ++i) {
    const float s = (gain ? gain[i] : 1.0f) / std::sqrt(variance[i] + epsilon);
    const float t = (offset ? offset[i] : 0.0f) - mean[i] * s;
    scale[i] = s;
    shift[i] = t;
  }
}

void merge_moments(Extent batches, Extent channels, Extent groups, float* mean, float* variance) {
  const Extent size = channels / groups;
  for (Extent first = 0; first < batches * channels; first += size) {
    double group_mean = 0, group_variance = 0;
    for (Extent i = first; i < first + size; ++i) group_mean += static_cast<double>(mean[i]);
    group_mean /= size;
    for (Extent i = first; i < first + size; ++i) {
      const double d = static_cast<double>(mean[i]) - group_mean;
      group_variance += static_cast<double>(variance[i]) + d * d;
    }
    std::fill_n(mean + first, size, static_cast<float>(group_mean));
    std::fill_n(variance + first, size, static_cast<float>(group_variance / size));
  }
}

namespace {

// sum of f(x[i]), in four accumulators.
template <class F>
float row_sum(const float* x, Extent count, F f) {
  f32x4 a = zero(), b = a, c = a, d = a;
  Extent i = 0;
  for (; i + 16 <= count; i += 16) {
    a += f(load(x + i));
    b += f(load(x + i + 4));
    c += f(load(x + i + 8));
    d += f(load(x + i + 12));
  }
  for (; i + 4 <= count; i += 4) a += f(load(x + i));
  float sum = horizontal_sum((a + b) + (c + d));
  for (; i < count; ++i) sum += lane<0>(f(splat(x[i])));
  return sum;
}

}  // namespace

void layer_norm(const LayerNorm& norm, float* y, const float* x, const float* gain,
                const float* offset, float* means, float* inverse_deviations) {
  const auto count = static_cast<float>(norm.count);
  parallel_for(
      norm.rows, std::max<Extent>(1, 32768 / std::max<Extent>(1, norm.count)),
      [&](Extent begin, Extent end) {
        for (Extent row = begin; row < end; ++row) {
          const float* from = x + row * norm.count;
          float* to = y + row * norm.count;
          const float mean =
              norm.centred ? row_sum(from, norm.count, [](f32x4 v) { return v; }) / count : 0.0f;
          const f32x4 m = splat(mean);
          const float variance =
              row_sum(from, norm.count, [=](f32x4 v) { return (v - m) * (v - m); }) / count;
          const float inverse = 1 / std::sqrt(variance + norm.epsilon);
          const f32x4 s = splat(inverse);
          for_each_vector(norm.count, [&](Extent i, int n) {
            const f32x4 normal = (load_partial(from + i, n) - m) * s;
            const f32x4 shift = offset ? load_partial(offset + i, n) : zero();
            store_partial(to + i, madd(normal, load_partial(gain + i, n), shift), n);
          });
          if (means) means[row] = mean;
          if (inverse_deviations) inverse_deviations[row] = inverse;
        }
      });
}

}  // namespace heed::kernels

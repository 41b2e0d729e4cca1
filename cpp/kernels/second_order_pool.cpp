#include "kernels/second_order_pool.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/batched_gemm.h"
#include "kernels/copy.h"
#include "kernels/pack_panels.h"
#include "kernels/row.h"

namespace heed::kernels {

using namespace simd;

namespace {

// Positions of a piece: with 64 channels and their panels 128 KB.
constexpr Extent kPiece = 256;
// Rows of S that are computed at once, up to the diagonal: of 64 channels 62 % of the products.
constexpr Extent kStripe = 16;

int64_t most_panels(Extent channels) { return panels_count(std::max(kPiece, channels), channels); }

// One image.
struct Pool {
  const SecondOrderPool& pool;
  Extent channels;
  float *s, *w, *u;          // (channels, channels)
  float* piece;              // (channels, kPiece)
  float* panels;             // of a piece, or of a matrix
  float *shift, *sum, *row;  // (channels)

  Pool(const SecondOrderPool& given, float* scratch) : pool(given), channels(given.channels) {
    const auto take = [&](int64_t count) {
      float* const taken = scratch;
      scratch += count;
      return taken;
    };
    panels = take(most_panels(channels));
    for (float** matrix : {&s, &w, &u}) *matrix = take(int64_t{channels} * channels);
    piece = take(int64_t{channels} * kPiece);
    for (float** vector : {&shift, &sum, &row}) *vector = take(channels);
  }

  // piece[c, :] -= by[c], and sum[c] gets what is left of it.
  void centre(const float* by, Extent length) const {
    for (Extent c = 0; c < channels; ++c) {
      float* const values = piece + c * length;
      f32x4 total = zero();
      for_each_vector(length, [&](Extent i, int lanes) {
        store_partial(values + i, load_partial(values + i, lanes) - splat(by[c]), lanes);
        total = total + load_partial(values + i, lanes);
      });
      sum[c] += horizontal_sum(total);
    }
  }

  void pack(const float* from, Extent depth, Extent row_step, Extent column_step) const {
    pack_panels(matrix_source(from, depth, row_step, column_step), channels, panels);
  }

  // Adds a piece's products to s, below the diagonal and somewhat more.
  void add_products(Extent length) const {
    pack(piece, length, 1, length);
    for (Extent first = 0; first < channels; first += kStripe) {
      Gemm stripe;
      stripe.rows = std::min(kStripe, channels - first);
      stripe.columns = first + stripe.rows;
      stripe.depth = stripe.a_step = length;
      stripe.c_step = channels;
      stripe.accumulate = true;
      gemm(stripe, piece + first * length, panels, nullptr, s + first * channels, {});
    }
  }

  // s = A; its trace before that.
  float covariance(const float* x) const {
    const Extent positions = pool.rows * pool.columns;
    std::fill_n(s, channels * channels, 0.0f);
    std::fill_n(sum, channels, 0.0f);
    const Extent width = std::clamp<Extent>(pool.columns, 1, kPiece), height = kPiece / width;
    bool shifted = false;
    for (Extent i = 0; i < pool.rows; i += height) {
      for (Extent j = 0; j < pool.columns; j += width) {
        const Shape shape = {channels, std::min(height, pool.rows - i),
                             std::min(width, pool.columns - j)};
        const Extent length = shape.count(1, 3);
        const Strides from = {{pool.channel_step, pool.row_step, pool.column_step}};
        copy_strided(make_copy(shape, from, strides_of(shape)),
                     x + i * pool.row_step + j * pool.column_step, piece, sizeof(float));
        if (!shifted) {
          // The covariance does not change when a constant is subtracted, its rounding errors do:
          // they grow with the mean. The first piece's mean is taken, less the first position, so
          // that channels that are constant become zeros.
          shifted = true;
          for (Extent c = 0; c < channels; ++c) row[c] = shift[c] = piece[c * length];
          centre(shift, length);
          for (Extent c = 0; c < channels; ++c) {
            row[c] = std::exchange(sum[c], 0.0f) / static_cast<float>(length);
            shift[c] += row[c];
          }
          centre(row, length);
        } else {
          centre(shift, length);
        }
        add_products(length);
      }
    }
    const float scale = 1 / static_cast<float>(positions);
    float trace = 0;
    for (Extent i = 0; i < channels; ++i) {
      sum[i] *= scale;
      for (Extent j = 0; j <= i; ++j) {
        float& value = s[i * channels + j];
        s[j * channels + i] = value = value * scale - sum[i] * sum[j];
      }
      trace += s[i * channels + i];
    }
    scale_row(s, channels * channels, 1 / trace);
    return trace;
  }

  // to = left * the packed matrix.
  void multiply(Extent rows, const float* left, float* to) const {
    gemm({rows, channels, channels, channels, channels}, left, panels, nullptr, to, {});
  }

  // Only the mean of Y's rows is asked for: it takes a vector's product in each step. Z and Y are
  // needed as T = Z Y alone, which becomes W Z Y W = W T W.
  void run(const float* x, float* v) const {
    const float trace = covariance(x);
    float *from = row, *to = shift;
    for (Extent i = 0; i < channels; ++i) {
      float total = 0;
      for (Extent j = 0; j < channels; ++j) total += s[i * channels + j];
      from[i] = total / static_cast<float>(channels);
    }
    for (int step = 1;; ++step) {
      for (Extent i = 0; i < channels * channels; ++i) w[i] = -0.5f * s[i];
      for (Extent i = 0; i < channels; ++i) w[i * (channels + 1)] += 1.5f;
      pack(w, channels, channels, 1);
      multiply(1, from, to);
      std::swap(from, to);
      if (step == pool.steps) break;
      multiply(channels, s, u);
      pack(u, channels, channels, 1);
      multiply(channels, w, s);
    }
    for (Extent i = 0; i < channels; ++i) v[i] = std::sqrt(trace) * from[i];
  }
};

}  // namespace

int64_t second_order_pool_scratch(const SecondOrderPool& pool) {
  const int64_t channels = pool.channels;
  return channels * (3 * channels + kPiece + 3) + most_panels(pool.channels);
}

void second_order_pool(const SecondOrderPool& pool, const float* x, float* v, float* scratch) {
  const Pool image(pool, scratch);
  for (Extent n = 0; n < pool.batch; ++n) {
    image.run(x + n * pool.batch_step, v + n * pool.channels);
  }
}

}  // namespace heed::kernels

#include "kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/row.h"
#include "kernels/scalar_math.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

void subtract_row(float* y, const float* x, float first, float second, Extent count) {
  const f32x4 m = splat(first), s = splat(second);
  for_each_vector(
      count, [&](Extent i, int n) { store_partial(y + i, (load_partial(x + i, n) - m) - s, n); });
}

// One line in pieces of at most kMaxRow elements: three walks over it.
class Line {
 public:
  Line(const Loop& loop, float* y, const float* x) : loop_(loop), y_(y), x_(x) {}

  void softmax() const {
    const float m = maximum();
    double sum = 0;
    each([&](float* y, const float* x, Extent count) {
      sum += static_cast<double>(exp_row(y, x, m, count));
    });
    const auto factor = static_cast<float>(1 / sum);
    each([&](float* y, const float*, Extent count) { multiply_row(y, factor, count); }, true);
  }

  void log_softmax() const {
    const float m = maximum();
    double sum = 0;
    each_input([&](const float* x, Extent count, Extent) {
      sum += static_cast<double>(exp_row(nullptr, x, m, count));
    });
    const auto logarithm = static_cast<float>(std::log(sum));
    each([&](float* y, const float* x, Extent count) { subtract_row(y, x, m, logarithm, count); });
  }

  void hardmax() const {
    float greatest = kLowest;
    Extent place = 0;
    each_input([&](const float* x, Extent count, Extent position) {
      for (Extent i = 0; i < count; ++i) {
        if (x[i] > greatest) {
          greatest = x[i];
          place = position + i;
        }
      }
    });
    Extent position = 0;
    each([&](float* y, const float*, Extent count) {
      for (Extent i = 0; i < count; ++i) y[i] = position + i == place ? 1.0f : 0.0f;
      position += count;
    });
  }

 private:
  float maximum() const {
    float m = kLowest;
    each_input(
        [&](const float* x, Extent count, Extent) { m = std::max(m, row_maximum(x, count)); });
    return m;
  }

  template <class F>
  void each_input(F body) const {
    for_each_row_in_order(loop_, [&](const Extent* at, Extent count) {
      float buffer[kMaxRow];
      body(read_row(x_ + at[1], loop_.row_steps[1], count, buffer), count, at[0]);
    });
  }

  // body(y, x, count); with `keep`, y holds what an earlier walk has written.
  template <class F>
  void each(F body, bool keep = false) const {
    for_each_row_in_order(loop_, [&](const Extent* at, Extent count) {
      float x_buffer[kMaxRow], y_buffer[kMaxRow];
      const float* from = read_row(x_ + at[1], loop_.row_steps[1], count, x_buffer);
      float* to = write_row(y_ + at[2], loop_.row_steps[2], y_buffer);
      if (keep) read_row(y_ + at[2], loop_.row_steps[2], count, y_buffer);
      body(to, from, count);
      finish_row(y_ + at[2], loop_.row_steps[2], count, to);
    });
  }

  const Loop& loop_;
  float* y_;
  const float* x_;
};

// `columns` <= kMaxRow lines side by side, each `count` elements with these steps between them.
void softmax_columns(bool logarithm, float* y, Extent y_step, const float* x, Extent x_step,
                     Extent count, Extent columns) {
  float greatest[kMaxRow], sum[kMaxRow];
  std::fill_n(greatest, columns, kLowest);
  std::fill_n(sum, columns, 0.0f);
  // body(row, j, lanes): the vector at column j.
  const auto each = [&](auto body) {
    for (Extent row = 0; row < count; ++row) {
      for_each_vector(columns, [&](Extent j, int n) { body(row, j, n); });
    }
  };
  each([&](Extent row, Extent j, int n) {
    const f32x4 v = load_partial(x + row * x_step + j, n);
    store_partial(greatest + j, max(load_partial(greatest + j, n), v), n);
  });
  each([&](Extent row, Extent j, int n) {
    const f32x4 e =
        exp_negative(load_partial(x + row * x_step + j, n) - load_partial(greatest + j, n));
    if (!logarithm) store_partial(y + row * y_step + j, e, n);
    store_partial(sum + j, load_partial(sum + j, n) + e, n);
  });
  for (Extent j = 0; j < columns; ++j) {
    sum[j] = logarithm ? kernels::logarithm(sum[j]) : 1 / sum[j];
  }
  each([&](Extent row, Extent j, int n) {
    float* to = y + row * y_step + j;
    const f32x4 s = load_partial(sum + j, n);
    if (logarithm) {
      const f32x4 v = load_partial(x + row * x_step + j, n);
      store_partial(to, (v - load_partial(greatest + j, n)) - s, n);
    } else {
      store_partial(to, load_partial(to, n) * s, n);
    }
  });
}

void softmax_row(float* y, const float* x, Extent count) {
  const float sum = exp_row(y, x, row_maximum(x, count), count);
  multiply_row(y, 1 / sum, count);
}

}  // namespace

float row_maximum(const float* x, Extent count) {
  f32x4 a = splat(kLowest), b = a;
  Extent i = 0;
  for (; i + 8 <= count; i += 8) {
    a = max(a, load(x + i));
    b = max(b, load(x + i + 4));
  }
  for (; i < count; ++i) a = max(a, splat(x[i]));
  return horizontal_max(max(a, b));
}

float exp_row(float* y, const float* x, float shift, Extent count, float scale) {
  const f32x4 m = splat(shift), to_binary = splat(scale * kBinaryLogarithm);
  f32x4 sum = zero();
  const Extent rest = count % kLanes, whole = count - rest;
  for (Extent i = 0; i < whole; i += kLanes) {
    const f32x4 e = exp2_negative((load(x + i) - m) * to_binary);
    if (y) store(y + i, e);
    sum += e;
  }
  if (rest > 0) {
    f32x4 e = exp2_negative((load_rest(x + whole, rest) - m) * to_binary);
    e = select(make_i32(0, 1, 2, 3) < splat(rest), e, zero());
    if (y) store_rest(y + whole, e, rest);
    sum += e;
  }
  return horizontal_sum(sum);
}

void multiply_row(float* y, float factor, Extent count) {
  const f32x4 f = splat(factor);
  Extent i = 0;
  for (; i + 4 <= count; i += 4) store(y + i, load(y + i) * f);
  for (; i < count; ++i) y[i] *= factor;
}

void softmax(SoftmaxKind kind, const Lines& lines, float* y, const float* x) {
  const Loop& line = lines.line;
  const bool soft = kind == SoftmaxKind::kSoftmax;
  const bool columns = lines.kept.row > 1 && lines.kept.row_steps[0] == 1 &&
                       lines.kept.row_steps[1] == 1 && line.rank == 0 &&
                       kind != SoftmaxKind::kHardmax;
  const bool short_rows = soft && line.rank == 0 && line.row <= kMaxRow && line.row_steps[1] == 1 &&
                          line.row_steps[2] == 1;
  for_each_row(lines.kept, [&](const Extent* at, Extent count) {
    if (columns) {
      softmax_columns(!soft, y + at[1], line.row_steps[2], x + at[0], line.row_steps[1], line.row,
                      count);
      return;
    }
    for (Extent i = 0; i < count; ++i) {
      float* to = y + at[1] + i * lines.kept.row_steps[1];
      const float* from = x + at[0] + i * lines.kept.row_steps[0];
      const Line one(line, to, from);
      if (short_rows) {
        softmax_row(to, from, line.row);
      } else if (soft) {
        one.softmax();
      } else {
        kind == SoftmaxKind::kLogSoftmax ? one.log_softmax() : one.hardmax();
      }
    }
  });
}

}  // namespace heed::kernels

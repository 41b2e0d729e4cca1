#include "kernels/pool.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "kernels/row.h"
#include "kernels/scalar_math.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

namespace {

// The taps of one axis that lie inside the input.
struct Taps {
  Extent first = 0;   // input position of the first
  Extent count = 0;   // of them
  Extent padded = 0;  // of those that lie in the input or its padding
};

// Of lo + t * dilation, t < taps: how many t stay below `end`.
Extent taps_below(Extent lo, const PoolAxis& axis, int64_t end) {
  const int64_t count = (end - lo + axis.dilation - 1) / axis.dilation;
  return static_cast<Extent>(std::clamp<int64_t>(count, 0, axis.taps));
}

Taps taps_at(const PoolAxis& axis, Extent position) {
  const Extent lo = position * axis.stride - axis.pad_begin;
  const Extent skipped = taps_below(lo, axis, 0);
  return {lo + skipped * axis.dilation, taps_below(lo, axis, axis.in) - skipped,
          taps_below(lo, axis, int64_t{axis.in} + axis.pad_end)};
}

// What one output position sees: input elements first + i0 * steps[0] + i1 * steps[1] + i2 *
// steps[2], i < counts.
struct Window {
  Extent first = 0;
  Extent counts[3] = {};
  Extent steps[3] = {};
  float padded = 0;  // positions, those in the padding included

  Extent size() const { return counts[0] * counts[1] * counts[2]; }
};

// Calls body(output element, window) for the output positions of the images and slow axes
// begin..end.
template <class F>
void for_each_window(const Pool& pool, Extent begin, Extent end, F body) {
  const PoolAxis* axes = pool.axes;
  const Extent steps[3] = {axes[1].in * axes[2].in * pool.channels, axes[2].in * pool.channels,
                           pool.channels};
  Window window;
  for (int i = 0; i < 3; ++i) window.steps[i] = steps[i] * axes[i].dilation;
  for (Extent line = begin; line < end; ++line) {
    const Extent image = line / (axes[0].out * axes[1].out);
    const Taps t0 = taps_at(axes[0], line / axes[1].out % axes[0].out);
    const Taps t1 = taps_at(axes[1], line % axes[1].out);
    for (Extent column = 0; column < axes[2].out; ++column) {
      const Taps t2 = taps_at(axes[2], column);
      window.counts[0] = t0.count;
      window.counts[1] = t1.count;
      window.counts[2] = t2.count;
      window.padded = static_cast<float>(t0.padded) * static_cast<float>(t1.padded) *
                      static_cast<float>(t2.padded);
      // A window without positions has no first one.
      window.first = window.size() == 0 ? 0
                                        : image * axes[0].in * steps[0] + t0.first * steps[0] +
                                              t1.first * steps[1] + t2.first * steps[2];
      body((line * axes[2].out + column) * pool.channels, window);
    }
  }
}

template <class F>
void parallel_windows(const Pool& pool, F body) {
  const PoolAxis* axes = pool.axes;
  const Extent line = std::max<Extent>(1, axes[2].out * pool.channels);
  parallel_for(pool.batch * axes[0].out * axes[1].out, std::max<Extent>(1, 8192 / line),
               [&](Extent begin, Extent end) { for_each_window(pool, begin, end, body); });
}

struct Maximum {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  static f32x4 combine(f32x4 a, f32x4 x) { return maximum(a, x); }
};
struct Sum {
  static constexpr float kStart = 0;
  static f32x4 combine(f32x4 a, f32x4 x) { return a + x; }
};
struct SumSquares : Sum {
  static f32x4 combine(f32x4 a, f32x4 x) { return madd(x, x, a); }
};

// y[c] = finish(combination over the window of x[c]), 16 channels at a time.
template <class A, class F>
void pool_channels(const Window& window, Extent channels, float* y, const float* x, F finish) {
  const auto each_tap = [&](auto body) {
    for (Extent i0 = 0; i0 < window.counts[0]; ++i0) {
      for (Extent i1 = 0; i1 < window.counts[1]; ++i1) {
        const float* tap = x + window.first + i0 * window.steps[0] + i1 * window.steps[1];
        for (Extent i2 = 0; i2 < window.counts[2]; ++i2, tap += window.steps[2]) body(tap);
      }
    }
  };
  Extent c = 0;
  for (; c + 16 <= channels; c += 16) {
    f32x4 a0 = splat(A::kStart), a1 = a0, a2 = a0, a3 = a0;
    each_tap([&](const float* tap) {
      a0 = A::combine(a0, load(tap + c));
      a1 = A::combine(a1, load(tap + c + 4));
      a2 = A::combine(a2, load(tap + c + 8));
      a3 = A::combine(a3, load(tap + c + 12));
    });
    store(y + c, finish(a0));
    store(y + c + 4, finish(a1));
    store(y + c + 8, finish(a2));
    store(y + c + 12, finish(a3));
  }
  for_each_vector(channels - c, [&](Extent i, int n) {
    f32x4 a = splat(A::kStart);
    each_tap([&](const float* tap) { a = A::combine(a, load_partial(tap + c + i, n)); });
    store_partial(y + c + i, finish(a), n);
  });
}

// Any p: one element at a time.
void lp_channels(const Window& window, Extent channels, float p, float* y, const float* x) {
  for (Extent c = 0; c < channels; ++c) {
    double sum = 0;
    for (Extent i = 0; i < window.size(); ++i) {
      const Extent i2 = i % window.counts[2], rest = i / window.counts[2];
      const Extent at = window.first + rest / window.counts[1] * window.steps[0] +
                        rest % window.counts[1] * window.steps[1] + i2 * window.steps[2];
      sum += power(static_cast<double>(std::fabs(x[at + c])), static_cast<double>(p));
    }
    y[c] = static_cast<float>(power(sum, 1 / static_cast<double>(p)));
  }
}

template <class T>
void max_indices(const Pool& pool, bool column_major, T* y, int64_t* indices, const T* x) {
  const PoolAxis* axes = pool.axes;
  const Extent positions = axes[0].in * axes[1].in * axes[2].in;
  parallel_windows(pool, [&](Extent to, const Window& window) {
    for (Extent c = 0; c < pool.channels; ++c) {
      Extent best = -1;
      for (Extent i0 = 0; i0 < window.counts[0]; ++i0) {
        for (Extent i1 = 0; i1 < window.counts[1]; ++i1) {
          for (Extent i2 = 0; i2 < window.counts[2]; ++i2) {
            const Extent at = window.first + i0 * window.steps[0] + i1 * window.steps[1] +
                              i2 * window.steps[2] + c;
            // A NaN is greater than anything, and stays.
            if (best < 0 || x[at] > x[best] || (x[at] != x[at] && x[best] == x[best])) best = at;
          }
        }
      }
      y[to + c] = best >= 0 ? x[best] : std::numeric_limits<T>::lowest();
      if (!indices) continue;
      const Extent pixel = std::max<Extent>(best, 0) / pool.channels;
      Extent position = pixel % positions;
      if (column_major) {
        const Extent i2 = position % axes[2].in, i1 = position / axes[2].in % axes[1].in;
        position = position / (axes[2].in * axes[1].in) + axes[0].in * (i1 + axes[1].in * i2);
      }
      indices[to + c] = (int64_t{pixel / positions} * pool.channels + c) * positions + position;
    }
  });
}

}  // namespace

void pool(const Pool& pool, float* y, const float* x) {
  parallel_windows(pool, [&](Extent to, const Window& window) {
    const Extent channels = pool.channels;
    if (pool.kind == PoolKind::kMax) {
      return pool_channels<Maximum>(window, channels, y + to, x, [](f32x4 a) { return a; });
    }
    if (pool.kind == PoolKind::kAverage) {
      const float count = pool.count_padding ? window.padded : static_cast<float>(window.size());
      const f32x4 divisor = splat(std::max(count, 1.0f));
      return pool_channels<Sum>(window, channels, y + to, x, [=](f32x4 a) { return a / divisor; });
    }
    if (pool.p == 2) {
      return pool_channels<SumSquares>(window, channels, y + to, x,
                                       [](f32x4 a) { return sqrt(a); });
    }
    lp_channels(window, channels, pool.p, y + to, x);
  });
}

void max_pool_indices(const Pool& pool, DType dtype, bool column_major, void* y, int64_t* indices,
                      const void* x) {
  const auto run = [&](auto* typed_y) {
    using T = std::remove_pointer_t<decltype(typed_y)>;
    max_indices<T>(pool, column_major, typed_y, indices, static_cast<const T*>(x));
  };
  switch (dtype) {
    case DType::kF32:
      return run(static_cast<float*>(y));
    case DType::kI8:
      return run(static_cast<int8_t*>(y));
    default:
      return run(static_cast<uint8_t*>(y));
  }
}

}  // namespace heed::kernels

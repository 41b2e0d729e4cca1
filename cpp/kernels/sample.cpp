#include "kernels/sample.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

constexpr int kMaxTaps = 4;

// What is read along one axis: indices (-1: a zero outside) and their weights; or the result is
// NaN.
struct AxisTaps {
  int count = 1;
  bool nan = false;
  Extent index[kMaxTaps];
  float weight[kMaxTaps] = {1};
};

float reflect(float x, float low, float high) {
  const float range = high - low;
  if (range <= 0) return low;
  const float distance = x < low ? low - x : x - high;
  const float turns = std::floor(distance / range);
  const float rest = distance - turns * range;
  const bool even = turns - 2 * std::floor(turns / 2) == 0;
  return (x < low) == even ? low + rest : high - rest;
}

void cubic_weights(float t, float* weights) {
  constexpr float a = -0.75f;
  const auto near = [](float x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const auto far = [](float x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  weights[0] = far(t + 1);
  weights[1] = near(t);
  weights[2] = near(1 - t);
  weights[3] = far(2 - t);
}

AxisTaps axis_taps(const GridSample& sample, float normalized, Extent extent) {
  const auto size = static_cast<float>(extent);
  const float low = sample.align_corners ? 0 : -0.5f;
  const float high = sample.align_corners ? size - 1 : size - 0.5f;
  float x =
      sample.align_corners ? (normalized + 1) / 2 * (size - 1) : ((normalized + 1) * size - 1) / 2;
  AxisTaps taps;
  if (std::isnan(x)) {
    const bool nearest = sample.mode == SampleMode::kNearest;
    const bool zeros = sample.padding == SamplePadding::kZeros;
    taps.index[0] = nearest && zeros ? -1 : 0;
    taps.nan = sample.mode == SampleMode::kCubic || (zeros && !nearest);
    return taps;
  }
  x = std::clamp(x, -1e9f, 1e9f);
  if (sample.mode == SampleMode::kNearest) x = std::nearbyint(x);
  if (x < low || x > high) {
    // Not for cubic: as PyTorch and ONNX Runtime have it, its four elements are moved one by one.
    if (sample.padding == SamplePadding::kBorder && sample.mode != SampleMode::kCubic) {
      x = std::clamp(x, 0.0f, size - 1);
    }
    if (sample.padding == SamplePadding::kReflection) x = reflect(x, low, high);
  }
  const float left = std::floor(x);
  if (sample.mode == SampleMode::kLinear && left >= 0 && left < size - 1) {
    taps.count = 2;
    taps.index[0] = static_cast<Extent>(left);
    taps.index[1] = taps.index[0] + 1;
    taps.weight[1] = x - left;
    taps.weight[0] = 1 - taps.weight[1];
    return taps;
  }
  float first = left;
  if (sample.mode == SampleMode::kLinear) {
    taps.count = 2;
    taps.weight[1] = x - left;
    taps.weight[0] = 1 - taps.weight[1];
  } else if (sample.mode == SampleMode::kCubic) {
    taps.count = 4;
    first = left - 1;
    cubic_weights(x - left, taps.weight);
  }
  for (int t = 0; t < taps.count; ++t) {
    float index = first + static_cast<float>(t);
    if (!(index >= 0 && index <= size - 1)) {
      if (sample.padding == SamplePadding::kZeros) {
        taps.index[t] = -1;
        continue;
      }
      if (sample.padding == SamplePadding::kReflection) index = reflect(index, low, high);
      index = std::clamp(index, 0.0f, size - 1);
    }
    taps.index[t] = static_cast<Extent>(index);
  }
  return taps;
}

// to[:] = sum_k weights[k] * from[offsets[k] + :]
void weigh_rows(const float* from, const Extent* offsets, const float* weights, int count,
                Extent channels, float* to) {
  using namespace simd;
  Extent c = 0;
  if (count == 4) {
    const float *a = from + offsets[0], *b = from + offsets[1];
    const float *d = from + offsets[2], *e = from + offsets[3];
    const f32x4 u = load_splat(weights), v = load_splat(weights + 1);
    const f32x4 w = load_splat(weights + 2), x = load_splat(weights + 3);
    for (; c + kLanes <= channels; c += kLanes) {
      const f32x4 sum = madd(v, load(b + c), u * load(a + c));
      store(to + c, madd(x, load(e + c), madd(w, load(d + c), sum)));
    }
  }
  for (; c + kLanes <= channels; c += kLanes) {
    f32x4 sum = zero();
    for (int k = 0; k < count; ++k) {
      sum = madd(load_splat(weights + k), load(from + offsets[k] + c), sum);
    }
    store(to + c, sum);
  }
  for (; c < channels; ++c) {
    float sum = 0;
    for (int k = 0; k < count; ++k) sum += weights[k] * from[offsets[k] + c];
    to[c] = sum;
  }
}

// The taps of all axes multiplied out: offsets in floats and their weights.
struct Corners {
  int count = 1;
  Extent offsets[kMaxTaps * kMaxTaps * kMaxTaps] = {0};
  float weights[kMaxTaps * kMaxTaps * kMaxTaps] = {1};
};

void find_corners(const GridSample& sample, const float* position, Corners& corners) {
  bool nan = false;
  Extent step = sample.channels;
  corners.count = 1;
  corners.offsets[0] = 0;
  corners.weights[0] = 1;
  // From the last axis on; each axis repeats what there is for each of its taps, from behind, so
  // that nothing is overwritten before it was read.
  for (int axis = sample.spatial - 1; axis >= 0; --axis) {
    const AxisTaps taps =
        axis_taps(sample, position[sample.spatial - 1 - axis], sample.extents[axis]);
    nan |= taps.nan;
    const int before = corners.count;
    int to = 0;
    Extent offsets[kMaxTaps];
    float weights[kMaxTaps];
    for (int t = 0; t < taps.count; ++t) {
      if (taps.index[t] < 0) continue;
      offsets[to] = taps.index[t] * step;
      weights[to++] = taps.weight[t];
    }
    for (int t = to - 1; t >= 0; --t) {
      for (int k = 0; k < before; ++k) {
        corners.offsets[t * before + k] = corners.offsets[k] + offsets[t];
        corners.weights[t * before + k] = corners.weights[k] * weights[t];
      }
    }
    corners.count = before * to;
    step *= sample.extents[axis];
  }
  if (!nan) return;
  corners.count = 1;
  corners.offsets[0] = 0;
  corners.weights[0] = std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

void grid_sample(const GridSample& sample, const float* from, const float* grid, float* to) {
  const int spatial = sample.spatial;
  Extent plane = sample.channels;
  for (int axis = 0; axis < spatial; ++axis) plane *= sample.extents[axis];
  parallel_for(sample.batch * sample.points, 1024, [&](Extent begin, Extent end) {
    Corners corners;
    for (Extent point = begin; point < end; ++point) {
      find_corners(sample, grid + static_cast<ptrdiff_t>(point) * spatial, corners);
      const Extent map = point / sample.points / sample.grids;
      weigh_rows(from + static_cast<ptrdiff_t>(map) * plane, corners.offsets, corners.weights,
                 corners.count, sample.channels,
                 to + static_cast<ptrdiff_t>(point) * sample.channels);
    }
  });
}

void affine_grid(int spatial, Extent batch, const Extent* extents, bool align_corners,
                 const float* theta, float* to) {
  Extent points = 1;
  for (int axis = 0; axis < spatial; ++axis) points *= extents[axis];
  parallel_for(batch * points, 4096, [&](Extent begin, Extent end) {
    for (Extent point = begin; point < end; ++point) {
      float position[3];
      for (int axis = spatial - 1, rest = point; axis >= 0; --axis) {
        const auto i = static_cast<float>(rest % extents[axis]);
        const auto size = static_cast<float>(extents[axis]);
        rest /= extents[axis];
        float at = (2 * i + 1) / size - 1;
        if (align_corners) at = size > 1 ? 2 * i / (size - 1) - 1 : 0;
        position[spatial - 1 - axis] = at;
      }
      const float* matrix =
          theta + static_cast<ptrdiff_t>(point / points) * spatial * (spatial + 1);
      for (int row = 0; row < spatial; ++row, matrix += spatial + 1) {
        float sum = matrix[spatial];
        for (int column = 0; column < spatial; ++column) sum += matrix[column] * position[column];
        to[static_cast<ptrdiff_t>(point) * spatial + row] = sum;
      }
    }
  });
}

}  // namespace heed::kernels

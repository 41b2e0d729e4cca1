#include "kernels/resize.h"

#include <algorithm>

#include "base/parallel.h"
#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

using namespace simd;

// to[:] = sum_t weights[t] * from[indices[t], :], rows of `inner` elements.
void weigh_rows(const float* from, const Extent* indices, const float* weights, int taps,
                Extent inner, float* to) {
  Extent i = 0;
  for (; i + 2 * kLanes <= inner; i += 2 * kLanes) {
    const float* row = from + static_cast<ptrdiff_t>(indices[0]) * inner + i;
    f32x4 weight = load_splat(weights);
    f32x4 low = weight * load(row), high = weight * load(row + kLanes);
    for (int t = 1; t < taps; ++t) {
      row = from + static_cast<ptrdiff_t>(indices[t]) * inner + i;
      weight = load_splat(weights + t);
      low = madd(weight, load(row), low);
      high = madd(weight, load(row + kLanes), high);
    }
    store(to + i, low);
    store(to + i + kLanes, high);
  }
  for (; i < inner; i += kLanes) {
    const int count = std::min<Extent>(inner - i, kLanes);
    f32x4 sum = load_splat(weights) *
                load_partial(from + static_cast<ptrdiff_t>(indices[0]) * inner + i, count);
    for (int t = 1; t < taps; ++t) {
      sum = madd(load_splat(weights + t),
                 load_partial(from + static_cast<ptrdiff_t>(indices[t]) * inner + i, count), sum);
    }
    store_partial(to + i, sum, count);
  }
}

float weigh(const float* from, const Extent* indices, const float* weights, int taps) {
  float sum = weights[0] * from[indices[0]];
  for (int t = 1; t < taps; ++t) sum += weights[t] * from[indices[t]];
  return sum;
}

}  // namespace

void resize_axis(const AxisResize& resize, const Extent* indices, const float* weights,
                 const float* from, float* to) {
  const auto inner = static_cast<ptrdiff_t>(resize.inner);
  if (resize.inner == 0) return;
  parallel_for(resize.outer * resize.resized, (1 << 14) / resize.inner + 1,
               [&](Extent begin, Extent end) {
                 for (Extent row = begin; row < end; ++row) {
                   const Extent i = row % resize.resized;
                   const Extent* taps = indices + static_cast<ptrdiff_t>(i) * resize.taps;
                   const float* weight = weights + static_cast<ptrdiff_t>(i) * resize.taps;
                   const float* source =
                       from + row / resize.resized * static_cast<ptrdiff_t>(resize.extent) * inner;
                   float* target = to + row * inner;
                   if (taps[0] < 0) {
                     std::fill_n(target, inner, resize.outside);
                   } else if (inner == 1) {
                     *target = weigh(source, taps, weight, resize.taps);
                   } else {
                     weigh_rows(source, taps, weight, resize.taps, resize.inner, target);
                   }
                 }
               });
}

}  // namespace heed::kernels

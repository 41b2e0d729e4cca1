// Interpolation along one axis: linear, cubic and antialiased Resize are one pass for each axis.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// from (outer, extent, inner), to (outer, resized, inner), both dense and not overlapping:
//   to[o, i, :] = sum_t weights[i * taps + t] * from[o, indices[i * taps + t], :]
// or `outside` where indices[i * taps] is negative. Sums run in the order of t; with two taps the
// rounding error is below 2 ulp of the larger product.
struct AxisResize {
  Extent outer, extent, resized, inner;
  int taps;
  float outside;
};
void resize_axis(const AxisResize& resize, const Extent* indices, const float* weights,
                 const float* from, float* to);

}  // namespace heed::kernels

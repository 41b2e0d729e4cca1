// HostTensors as xtensor's arrays of doubles, in which expectations read like their definitions.
#pragma once

#include "base/xtensor.h"
#include "support/host_tensor.h"

namespace heed::test {

using Array = xt::xarray<double>;
using Axes = std::vector<size_t>;

inline Array array_of(const HostTensor& x) { return array_view(x.values<float>().data(), x.shape); }

// The array as float32; an expression is evaluated first, once.
inline HostTensor tensor_of(const Array& values) {
  const std::vector<float> floats(values.begin(), values.end());
  return host_tensor(std::span<const float>(floats), shape_of(values).value());
}

inline Array reshaped(Array x, const Axes& extents) {
  x.reshape(extents);
  return x;
}

// Axes `first`, ..., `end` - 1.
inline Axes axes_from(int first, int end) {
  Axes axes;
  for (int axis = first; axis < end; ++axis) axes.push_back(static_cast<size_t>(axis));
  return axes;
}

// Statistics along axes that stay, with extent 1, so that they broadcast.
inline Array mean_along(const Array& x, const Axes& axes) {
  return xt::mean(x, axes, xt::keep_dims);
}
inline Array variance_along(const Array& x, const Axes& axes) {
  return mean_along(xt::square(x - mean_along(x, axes)), axes);
}

}  // namespace heed::test

// The one header through which xtensor is included, and rows of elements seen as its arrays.
#pragma once

#include <xtensor/xtensor_config.hpp>

// In WebAssembly its errors become traps: sizes are checked before, and its own exceptions would
// bring iostream (47 KB gzip). Native programs get the exceptions.
#ifdef __EMSCRIPTEN__
#undef XTENSOR_THROW
#define XTENSOR_THROW(exception, message) __builtin_trap()
#endif

#include <vector>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include "base/shape.h"

namespace heed {

// Row-major elements seen as an array of that shape, without a copy: they outlive it.
template <class T>
auto array_view(T* elements, const Shape& shape) {
  const std::vector<size_t> extents(shape.begin(), shape.end());
  return xt::adapt(elements, static_cast<size_t>(shape.count()), xt::no_ownership(), extents);
}

// The shape of an expression; an error where a tensor has none like it: above 8 axes, or too large.
template <class E>
Result<Shape> shape_of(const xt::xexpression<E>& expression) {
  const auto& extents = expression.derived_cast().shape();
  const std::vector<int64_t> dims(extents.begin(), extents.end());
  return Shape::make(dims);
}

}  // namespace heed

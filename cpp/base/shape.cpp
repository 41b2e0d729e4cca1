#include "base/shape.h"

#include <algorithm>

namespace heed {

Shape::Shape(std::initializer_list<Extent> dims) {
  for (Extent dim : dims) push_back(dim);
}

Result<Shape> Shape::make(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank) {
    return error(Code::kWrongShape, "rank ", static_cast<int64_t>(dims.size()),
                 " is above the limit of ", kMaxRank);
  }
  Shape shape;
  int64_t count = 1;
  for (int64_t dim : dims) {
    if (dim < 0) return error(Code::kWrongShape, "a shape has the negative extent ", dim);
    if (dim > kMostElements) {
      return error(Code::kOutOfMemory, "a shape has the extent ", dim, ", the limit is ",
                   kMostElements);
    }
    // Extents after a zero still count: the product without the zeros must fit as well, so that
    // strides do.
    count *= std::max<int64_t>(dim, 1);
    if (count > kMostElements) {
      return error(Code::kOutOfMemory, "a tensor of more than ", kMostElements,
                   " elements is not supported");
    }
    shape.push_back(static_cast<Extent>(dim));
  }
  return shape;
}

Extent Shape::count(int first, int last) const {
  Extent product = 1;
  for (int axis = first; axis < last; ++axis) product *= dims_[axis];
  return product;
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string Shape::text() const {
  std::string out = "(";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) out.append(", ");
    append_text(out, dims_[axis]);
  }
  out.push_back(')');
  return out;
}

Strides strides_of(const Shape& shape, Layout layout) {
  Strides strides;
  const int rank = shape.rank();
  const bool channels_last = layout == Layout::kChannelsLast && rank >= 3;
  Extent step = 1;
  if (channels_last) {
    strides[1] = 1;
    step = std::max<Extent>(shape[1], 1);
  }
  for (int axis = rank - 1; axis >= 0; --axis) {
    if (channels_last && axis == 1) continue;
    strides[axis] = step;
    step *= std::max<Extent>(shape[axis], 1);
  }
  return strides;
}

Result<Shape> broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  int64_t dims[kMaxRank];
  for (int axis = 0; axis < rank; ++axis) {
    const int at_a = axis - (rank - a.rank());
    const int at_b = axis - (rank - b.rank());
    const Extent extent_a = at_a >= 0 ? a[at_a] : 1;
    const Extent extent_b = at_b >= 0 ? b[at_b] : 1;
    if (extent_a != extent_b && extent_a != 1 && extent_b != 1) {
      return error(Code::kWrongShape, "shapes ", a, " and ", b, " do not broadcast");
    }
    dims[axis] = extent_a == 1 ? extent_b : extent_a;
  }
  return Shape::make(std::span(dims, static_cast<size_t>(rank)));
}

Result<int> normalize_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return error(Code::kInvalidGraph, "axis ", axis, " is outside -", rank, "..", rank - 1);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace heed

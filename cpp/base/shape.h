// Shapes: the extents of a tensor along its logical axes, always in the order in which ONNX and
// PyTorch name them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "base/status.h"

namespace heed {

// The size of one axis, and any element offset. Tensors have at most kMostElements elements:
// `Shape::make` checks it once, so no later product of extents of one tensor overflows.
using Extent = int32_t;

// Twice as many still fit an Extent: a count rounded up to whole tiles or rows, and the sum of two.
// Where addresses have 32 bits (WebAssembly), the bytes of the widest elements fit a ptrdiff_t as
// well: 1 GB of float32, 2 GB of int64. There the memory ends at 4 GB anyway.
inline constexpr int64_t kMostElements = (int64_t{1} << (sizeof(void*) > 4 ? 30 : 28)) - 1;

inline constexpr int kMaxRank = 8;

class Shape {
 public:
  Shape() = default;
  // For literals in code and tests; the extents are known to be valid.
  Shape(std::initializer_list<Extent> dims);

  // Checks rank <= 8, no negative extent and an element count up to kMostElements.
  static Result<Shape> make(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  Extent operator[](int axis) const { return dims_[axis]; }
  Extent& operator[](int axis) { return dims_[axis]; }
  const Extent* begin() const { return dims_; }
  const Extent* end() const { return dims_ + rank_; }

  // Product of all extents (1 for a scalar), or of those from axis `first` up to, not including,
  // `last`.
  Extent count() const { return count(0, rank_); }
  Extent count(int first, int last) const;

  void push_back(Extent dim) { dims_[rank_++] = dim; }  // rank() < kMaxRank
  bool operator==(const Shape& other) const;

  // "(1, 3, 224, 224)"
  std::string text() const;

 private:
  int rank_ = 0;
  Extent dims_[kMaxRank] = {};
};

// Element steps along the logical axes of a shape.
struct Strides {
  Extent step[kMaxRank] = {};
  Extent operator[](int axis) const { return step[axis]; }
  Extent& operator[](int axis) { return step[axis]; }
};

// The physical order of a tensor's axes. kChannelsLast moves axis 1 to the end (N,C,H,W is stored
// as N,H,W,C; N,C,L as N,L,C); it exists for rank >= 3.
enum class Layout : uint8_t { kRowMajor, kChannelsLast };

Strides strides_of(const Shape& shape, Layout layout = Layout::kRowMajor);

// NumPy's broadcasting of two shapes; an error when they do not fit.
Result<Shape> broadcast(const Shape& a, const Shape& b);

// ONNX's negative axes: -rank..rank-1 to 0..rank-1; an error (naming the axis) outside that range.
Result<int> normalize_axis(int64_t axis, int rank);

}  // namespace heed

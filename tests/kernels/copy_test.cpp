#include "kernels/copy.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;

namespace {

// Elements that name their own place, with guards around: what a copy may touch.
template <class T>
struct Memory {
  static constexpr size_t kGuard = 16;
  explicit Memory(size_t count) : elements(count + 2 * kGuard) {
    std::iota(elements.begin(), elements.end(), T(1));
  }
  T* data() { return elements.data() + kGuard; }
  std::vector<T> elements;
};

// Whether copy_strided does to guarded memory what the definition does.
template <class T>
bool copies_exactly(const Shape& shape, const Strides& from_steps, ptrdiff_t from_first,
                    size_t from_count, const Strides& to_steps, size_t to_count) {
  Memory<T> from(from_count), to(to_count), expected(to_count);
  for (Extent i = 0; i < shape.count(); ++i) {
    ptrdiff_t source = from_first, target = 0;
    for (int axis = shape.rank() - 1, rest = i; axis >= 0; --axis) {
      source += ptrdiff_t(rest % shape[axis]) * from_steps[axis];
      target += ptrdiff_t(rest % shape[axis]) * to_steps[axis];
      rest /= shape[axis];
    }
    expected.data()[target] = from.data()[source];
  }
  const kernels::StridedCopy copy = kernels::make_copy(shape, from_steps, to_steps);
  kernels::copy_strided(copy, from.data() + from_first, to.data(), sizeof(T));
  return to.elements == expected.elements;
}

bool copies_all_sizes(const Shape& shape, const Strides& from, ptrdiff_t first, size_t from_count,
                      const Strides& to, size_t to_count) {
  return copies_exactly<uint8_t>(shape, from, first, from_count, to, to_count) &&
         copies_exactly<uint16_t>(shape, from, first, from_count, to, to_count) &&
         copies_exactly<uint32_t>(shape, from, first, from_count, to, to_count) &&
         copies_exactly<uint64_t>(shape, from, first, from_count, to, to_count);
}

}  // namespace

TEST_CASE("a strided copy changes the layout around block edges") {
  for (Extent channels : {1, 2, 3, 4, 5, 31, 32, 33, 131}) {
    for (Extent width : {1, 3, 4, 5, 16, 45}) {
      CAPTURE(channels, width);
      const Shape shape = {2, channels, 3, width};
      const auto count = static_cast<size_t>(shape.count());
      const Strides rows = strides_of(shape), last = strides_of(shape, Layout::kChannelsLast);
      CHECK(copies_all_sizes(shape, rows, 0, count, last, count));
      CHECK(copies_all_sizes(shape, last, 0, count, rows, count));
      CHECK(copies_all_sizes(shape, last, 0, count, last, count));
    }
  }
}

TEST_CASE("a strided copy carries out every permutation of four axes") {
  int order[] = {0, 1, 2, 3};
  const Shape from = {3, 5, 4, 6};
  const Strides steps = strides_of(from);
  do {
    Shape shape;
    Strides permuted;
    for (int axis = 0; axis < 4; ++axis) {
      shape.push_back(from[order[axis]]);
      permuted[axis] = steps[order[axis]];
    }
    CAPTURE(order[0], order[1], order[2], order[3]);
    CHECK(copies_all_sizes(shape, permuted, 0, 360, strides_of(shape), 360));
  } while (std::next_permutation(order, order + 4));
}

TEST_CASE("a strided copy reads broadcast, strided and reversed views and writes into parts") {
  const Shape shape = {4, 3, 7};
  Strides steps;
  // A row for all, of every second element.
  steps[0] = 0, steps[1] = 14, steps[2] = 2;
  CHECK(copies_all_sizes(shape, steps, 0, 42, strides_of(shape), 84));
  // One value for all.
  CHECK(copies_all_sizes(shape, Strides{}, 0, 1, strides_of(shape), 84));
  // A value for each row.
  steps[0] = 3, steps[1] = 1, steps[2] = 0;
  CHECK(copies_all_sizes(shape, steps, 0, 12, strides_of(shape), 84));
  // Backwards along the last axis, and along all.
  steps[0] = 21, steps[1] = 7, steps[2] = -1;
  CHECK(copies_all_sizes(shape, steps, 6, 84, strides_of(shape), 84));
  steps[0] = -21, steps[1] = -7, steps[2] = -1;
  CHECK(copies_all_sizes(shape, steps, 83, 84, strides_of(shape), 84));
  // Into every third channel of a tensor with channels last.
  Strides to;
  to[0] = 63, to[1] = 3, to[2] = 9;
  CHECK(copies_all_sizes(shape, strides_of(shape), 0, 84, to, 4 * 63));
}

TEST_CASE("a strided copy of a scalar moves one element and of an empty shape none") {
  CHECK(copies_all_sizes({}, Strides{}, 0, 1, Strides{}, 1));
  const Shape empty = {2, 0, 3};
  CHECK(copies_all_sizes(empty, strides_of(empty), 0, 1, strides_of(empty), 1));
}

TEST_CASE("copy_row copies any number of bytes, and no more") {
  for (size_t bytes = 0; bytes < 600; bytes += bytes < 40 ? 1 : 37) {
    Memory<uint8_t> from(bytes), to(bytes), expected(bytes);
    std::copy_n(from.data(), bytes, expected.data());
    kernels::copy_row(reinterpret_cast<std::byte*>(from.data()),
                      reinterpret_cast<std::byte*>(to.data()), bytes);
    CAPTURE(bytes);
    CHECK(to.elements == expected.elements);
  }
}

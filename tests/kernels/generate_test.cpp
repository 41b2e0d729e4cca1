#include "kernels/generate.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace heed;

TEST_CASE("a triangle keeps what is on its side of any diagonal") {
  for (Extent rows : {1, 3, 5}) {
    for (Extent columns : {1, 4, 9}) {
      for (int64_t diagonal :
           {int64_t{-9}, int64_t{-2}, int64_t{0}, int64_t{1}, int64_t{8}, INT64_MAX, INT64_MIN}) {
        std::vector<int64_t> from(size_t(2 * rows * columns), 5), to(from.size() + 1, 77);
        kernels::copy_triangle({2, rows, columns}, true, diagonal, from.data(), to.data(), 8);
        std::vector<int64_t> lower(to);
        kernels::copy_triangle({2, rows, columns}, false, diagonal, from.data(), lower.data(), 8);
        CAPTURE(rows, columns, diagonal);
        for (Extent i = 0; i < 2 * rows * columns; ++i) {
          // Compared as differences of small numbers, so that nothing overflows.
          const Extent offset = i % columns - i / columns % rows;
          REQUIRE(to[size_t(i)] == (offset >= diagonal ? 5 : 0));
          REQUIRE(lower[size_t(i)] == (offset <= diagonal ? 5 : 0));
        }
        CHECK(to.back() == 77);
      }
    }
  }
}

TEST_CASE("a range of integers wraps around, a range of floats does not add up errors") {
  int64_t start = INT64_MAX - 1, delta = 2, to[3];
  kernels::fill_range(DType::kI64, &start, &delta, to, 2);
  CHECK(to[1] == INT64_MIN);
  const float first = 0, step = 0.1f;
  std::vector<float> floats(1000);
  kernels::fill_range(DType::kF32, &first, &step, floats.data(), 1000);
  CHECK(floats[999] == 999 * 0.1f);
}

TEST_CASE("one_hot marks the index, counted from the end when negative, and nothing when outside") {
  const std::vector<int64_t> indices = {1, -1, 3, -4, INT64_MIN, INT64_MAX};
  const uint8_t values[] = {2, 9};
  std::vector<uint8_t> to(18);
  kernels::one_hot(6, 3, 1, indices.data(), values, to.data(), 1);
  CHECK(to == std::vector<uint8_t>{2, 9, 2, 2, 2, 9, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2});
  to.resize(6);
  kernels::one_hot(1, 3, 2, indices.data(), values, to.data(), 1);
  CHECK(to == std::vector<uint8_t>{2, 2, 9, 2, 2, 9});
}

TEST_CASE("non-zero elements are counted and listed by index, NaN among them") {
  const std::vector<float> from = {0, 1, -0.0f, NAN, 0, -2};
  REQUIRE(kernels::count_non_zero(DType::kF32, from.data(), 6) == 3);
  std::vector<int64_t> to(6);
  kernels::find_non_zero(DType::kF32, from.data(), {2, 3}, 3, to.data());
  CHECK(to == std::vector<int64_t>{0, 1, 1, 1, 0, 2});
}

TEST_CASE("an identity matrix may be shifted beyond its edges") {
  const float one = 1;
  std::vector<float> to(6);
  kernels::fill_eye(2, 3, 1, &one, to.data(), 4);
  CHECK(to == std::vector<float>{0, 1, 0, 0, 0, 1});
  kernels::fill_eye(2, 3, -1, &one, to.data(), 4);
  CHECK(to == std::vector<float>{0, 0, 0, 1, 0, 0});
  kernels::fill_eye(2, 3, INT64_MIN, &one, to.data(), 4);
  CHECK(to == std::vector<float>(6, 0.0f));
}

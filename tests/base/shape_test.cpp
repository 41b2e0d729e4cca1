#include "base/shape.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace heed;

namespace {

Result<Shape> make(std::vector<int64_t> dims) { return Shape::make(dims); }

std::vector<Extent> values(const Strides& strides, int rank) {
  return {strides.step, strides.step + rank};
}

}  // namespace

TEST_CASE("a scalar has one element, a shape with a 0 has none", "[shape]") {
  CHECK(Shape{}.count() == 1);
  CHECK(Shape{}.rank() == 0);
  CHECK(Shape{3, 0, 2}.count() == 0);
  CHECK(Shape{2, 3, 4}.count(1, 3) == 12);
  CHECK(Shape{2, 3, 4}.count(1, 1) == 1);
}

TEST_CASE("shapes are equal when ranks and extents are", "[shape]") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK_FALSE(Shape{2, 3} == Shape{3, 2});
  CHECK_FALSE(Shape{2, 3} == Shape{2, 3, 1});
  CHECK_FALSE(Shape{} == Shape{1});
}

TEST_CASE("a shape is written as Python would", "[shape]") {
  CHECK(Shape{}.text() == "()");
  CHECK(Shape{1, 3, 224}.text() == "(1, 3, 224)");
}

TEST_CASE("extents from outside are checked", "[shape]") {
  CHECK(make({2, 3}).value() == Shape{2, 3});
  CHECK(make({}).value() == Shape{});
  CHECK(make({0, 5}).value() == Shape{0, 5});
  CHECK(make({-1, 5}).status().code == Code::kWrongShape);
  CHECK(make({1, 1, 1, 1, 1, 1, 1, 1}).ok());
  CHECK(make({1, 1, 1, 1, 1, 1, 1, 1, 1}).status().code == Code::kWrongShape);
  CHECK(make({65536, 65536}).status().code == Code::kOutOfMemory);
  CHECK(make({INT64_MAX, INT64_MAX, 4}).status().code == Code::kOutOfMemory);
}

TEST_CASE("row-major strides count the elements behind an axis", "[shape]") {
  CHECK(values(strides_of(Shape{2, 3, 4, 5}), 4) == std::vector<Extent>{60, 20, 5, 1});
  CHECK(values(strides_of(Shape{7}), 1) == std::vector<Extent>{1});
}

TEST_CASE("channels-last strides keep axis 1 innermost", "[shape]") {
  CHECK(values(strides_of(Shape{2, 3, 4, 5}, Layout::kChannelsLast), 4) ==
        std::vector<Extent>{60, 1, 15, 3});
  CHECK(values(strides_of(Shape{2, 3, 4}, Layout::kChannelsLast), 3) ==
        std::vector<Extent>{12, 1, 3});
  // Ranks below 3 have no such order.
  CHECK(values(strides_of(Shape{2, 3}, Layout::kChannelsLast), 2) == std::vector<Extent>{3, 1});
}

TEST_CASE("shapes broadcast as NumPy's do", "[shape]") {
  CHECK(broadcast(Shape{2, 1, 4}, Shape{3, 1}).value() == Shape{2, 3, 4});
  CHECK(broadcast(Shape{}, Shape{5}).value() == Shape{5});
  CHECK(broadcast(Shape{1}, Shape{0}).value() == Shape{0});
  CHECK(broadcast(Shape{0, 3}, Shape{1, 1}).value() == Shape{0, 3});
  CHECK(broadcast(Shape{2, 3}, Shape{2}).status().code == Code::kWrongShape);
  CHECK(broadcast(Shape{0}, Shape{2}).status().code == Code::kWrongShape);
  // Each fits, their product does not.
  CHECK(broadcast(Shape{1 << 20, 1}, Shape{1, 1 << 20}).status().code == Code::kOutOfMemory);
}

TEST_CASE("negative axes count from the end, others outside the rank are errors", "[shape]") {
  CHECK(normalize_axis(-1, 4).value() == 3);
  CHECK(normalize_axis(-4, 4).value() == 0);
  CHECK(normalize_axis(3, 4).value() == 3);
  CHECK_FALSE(normalize_axis(4, 4).ok());
  CHECK_FALSE(normalize_axis(-5, 4).ok());
  CHECK_FALSE(normalize_axis(0, 0).ok());
  CHECK_FALSE(normalize_axis(INT64_MIN, 4).ok());
}

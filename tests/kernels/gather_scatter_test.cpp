#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernels/gather.h"
#include "kernels/scatter.h"
#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;
using kernels::Indices;
using kernels::Reduction;

TEST_CASE("gather picks rows and columns at positive and negative indices") {
  const std::vector<float> from = random_floats(2 * 5 * 7, 1);
  const std::vector<int64_t> wide = {0, -1, 4, 2, -5};
  const std::vector<int32_t> narrow(wide.begin(), wide.end());
  for (Extent inner : {1, 7}) {
    const Extent outer = inner == 1 ? 14 : 2;
    std::vector<float> expected, to(size_t(outer) * 5 * inner), again(to.size());
    for (Extent o = 0; o < outer; ++o) {
      for (int64_t index : wide) {
        const Extent row = o * 5 + Extent(index < 0 ? index + 5 : index);
        expected.insert(expected.end(), from.begin() + row * inner,
                        from.begin() + (row + 1) * inner);
      }
    }
    const kernels::GatherShape shape = {outer, 5, inner, 5};
    kernels::gather(shape, {wide.data(), true}, from.data(), to.data(), 4);
    kernels::gather(shape, {narrow.data(), false}, from.data(), again.data(), 4);
    CHECK(to == expected);
    CHECK(again == expected);
  }
}

// The vectors are exactly as large as the tensors: the sanitizer sees any element beyond them.
TEST_CASE("indices beyond an axis read and write its first or last element") {
  const std::vector<int64_t> indices = {100, -100, INT64_MAX, INT64_MIN};
  const std::vector<int64_t> from = {10, 11, 12};
  std::vector<int64_t> to(4);
  kernels::gather({1, 3, 1, 4}, {indices.data(), true}, from.data(), to.data(), 8);
  CHECK(to == std::vector<int64_t>{12, 10, 12, 10});
  kernels::gather_elements({3}, {4}, 0, {indices.data(), true}, from.data(), to.data(), 8);
  CHECK(to == std::vector<int64_t>{12, 10, 12, 10});
  std::vector<int64_t> pairs(2);
  const std::vector<int64_t> square = {1, 2, 3, 4};
  kernels::gather_nd({2, 2}, 0, 2, 2, {indices.data(), true}, square.data(), pairs.data(), 8);
  CHECK(pairs == std::vector<int64_t>{3, 3});
  std::vector<int64_t> target = {1, 2, 3};
  const std::vector<int64_t> updates = {10, 20, 30, 40};
  kernels::scatter_elements({3}, {4}, 0, Reduction::kAdd, DType::kI64, {indices.data(), true},
                            updates.data(), target.data());
  CHECK(target == std::vector<int64_t>{61, 2, 43});
  kernels::scatter_nd({3}, 1, 4, Reduction::kAdd, DType::kI64, {indices.data(), true},
                      updates.data(), target.data());
  CHECK(target == std::vector<int64_t>{121, 2, 83});
}

TEST_CASE("gather_elements replaces one index of each element") {
  const std::vector<int32_t> from = {0, 1, 2, 3, 4, 5};  // (2, 3)
  const std::vector<int64_t> rows = {1, 0, 1, -2, -1, 0};
  std::vector<int32_t> to(6);
  kernels::gather_elements({2, 3}, {2, 3}, 0, {rows.data(), true}, from.data(), to.data(), 4);
  CHECK(to == std::vector<int32_t>{3, 1, 5, 0, 4, 2});
  const std::vector<int64_t> columns = {2, 0, -1, 1};
  to.resize(4);
  kernels::gather_elements({2, 3}, {2, 2}, 1, {columns.data(), true}, from.data(), to.data(), 4);
  CHECK(to == std::vector<int32_t>{2, 0, 5, 4});
}

TEST_CASE("scatter applies updates in order, with each reduction and type") {
  const std::vector<int64_t> indices = {2, 0, 2};
  const auto scattered = [&](Reduction reduction) {
    std::vector<float> to = {1, 2, 3};
    const std::vector<float> updates = {5, -4, 2};
    kernels::scatter_elements({3}, {3}, 0, reduction, DType::kF32, {indices.data(), true},
                              updates.data(), to.data());
    return to;
  };
  CHECK(scattered(Reduction::kNone) == std::vector<float>{-4, 2, 2});
  CHECK(scattered(Reduction::kAdd) == std::vector<float>{-3, 2, 10});
  CHECK(scattered(Reduction::kMultiply) == std::vector<float>{-4, 2, 30});
  CHECK(scattered(Reduction::kMinimum) == std::vector<float>{-4, 2, 2});
  CHECK(scattered(Reduction::kMaximum) == std::vector<float>{1, 2, 5});

  std::vector<int8_t> bytes = {100, 0, -100};
  const std::vector<int8_t> updates = {-100, 100, -100};
  kernels::scatter_nd({3}, 1, 3, Reduction::kAdd, DType::kI8, {indices.data(), true},
                      updates.data(), bytes.data());
  CHECK(bytes == std::vector<int8_t>{-56, 0, -44});  // wrapped around
}

TEST_CASE("minimum and maximum of scattered updates keep NaN") {
  const std::vector<int64_t> indices = {0, 1};
  const std::vector<float> updates = {NAN, 1};
  for (Reduction reduction : {Reduction::kMinimum, Reduction::kMaximum}) {
    std::vector<float> to = {2, NAN};
    kernels::scatter_elements({2}, {2}, 0, reduction, DType::kF32, {indices.data(), true},
                              updates.data(), to.data());
    CHECK(std::isnan(to[0]));
    CHECK(std::isnan(to[1]));
  }
}

TEST_CASE("scatter_nd writes whole rows") {
  std::vector<float> to(6, 0.0f);  // (3, 2)
  const std::vector<int32_t> indices = {2, -3};
  const std::vector<float> updates = {1, 2, 3, 4};
  kernels::scatter_nd({3, 2}, 1, 2, Reduction::kNone, DType::kF32, {indices.data(), false},
                      updates.data(), to.data());
  CHECK(to == std::vector<float>{3, 4, 0, 0, 1, 2});
}

// CrissCross against its definition in double.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {1e-5, 1e-5};

struct Reference {
  HostTensor y, map;

  Reference(const HostTensor& q, const HostTensor& k, const HostTensor& v) {
    const Extent height = q.shape[2], width = q.shape[3];
    // The position that entry j of the map of (h, w) is about: its column, then its row.
    const auto position = [=](const Extent* i, Extent channel, Extent j) {
      return j < height ? std::array<Extent, 4>{i[0], channel, j, i[2]}
                        : std::array<Extent, 4>{i[0], channel, i[1], j - height};
    };
    const auto power = [&](const Extent* i, Extent j) {
      if (j == i[1]) return 0.0;
      double score = 0;
      for (Extent d = 0; d < q.shape[1]; ++d) {
        const Extent from[] = {i[0], d, i[1], i[2]};
        score += at(q, from, 4) * at(k, position(i, d, j).data(), 4);
      }
      return std::exp(score);
    };
    map = tensor_of({q.shape[0], height, width, height + width}, [&](const Extent* i) {
      double sum = 0;
      for (Extent j = 0; j < height + width; ++j) sum += power(i, j);
      return power(i, i[3]) / sum;
    });
    y = tensor_of(v.shape, [&](const Extent* i) {
      double sum = 0;
      const Extent at_position[] = {i[0], i[2], i[3]};
      for (Extent j = 0; j < height + width; ++j) {
        const Extent entry[] = {i[0], i[2], i[3], j};
        if (j == i[2]) continue;  // 0, even where v is NaN
        sum += at(map, entry, 4) * at(v, position(at_position, i[1], j).data(), 4);
      }
      return sum;
    });
  }
};

OperatorCall call_of(std::vector<HostTensor> inputs) {
  OperatorCall call = {"CrissCross", std::move(inputs)};
  call.domain = "heed";
  call.outputs = 2;
  return call;
}

}  // namespace

TEST_CASE("CrissCross attends to the column without itself, and to the row") {
  struct Case {
    Extent batch, width, values;
    Extent rows, columns;
  };
  const Case cases[] = {{1, 2, 3, 1, 1}, {2, 3, 5, 1, 6},   {1, 4, 16, 7, 1}, {2, 7, 9, 5, 8},
                        {1, 1, 1, 2, 2}, {1, 8, 64, 13, 2}, {1, 2, 4, 3, 101}};
  for (const Case& c : cases) {
    CAPTURE(c.batch, c.width, c.values, c.rows, c.columns);
    const HostTensor q = random_tensor({c.batch, c.width, c.rows, c.columns}, 1, -2, 2),
                     k = random_tensor({c.batch, c.width, c.rows, c.columns}, 2, -2, 2),
                     v = random_tensor({c.batch, c.values, c.rows, c.columns}, 3);
    const Reference r(q, k, v);
    OperatorCall call = call_of({q, k, v});
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
    call.outputs = 1;
    CHECK(difference(call, {r.y}, kClose) == "");
  }
}

TEST_CASE("scores far apart in column and row neither overflow nor vanish") {
  // Keys of one row are 100 above all others, then the other way round.
  for (const double high : {100.0, -100.0}) {
    const Shape shape = {1, 1, 4, 5};
    const HostTensor q = tensor_of(shape, [](const Extent*) { return 1; });
    const HostTensor k = tensor_of(
        shape, [&](const Extent* i) { return (i[2] == 2 ? high : 0) + 0.25 * i[3] + 0.5 * i[2]; });
    const HostTensor v = random_tensor({1, 3, 4, 5}, 3);
    const Reference r(q, k, v);
    CAPTURE(high);
    CHECK(difference(call_of({q, k, v}), {r.y, r.map}, {1e-5, 1e-5}) == "");
  }
}

TEST_CASE("NaN of one key spoils its column and its row, and nothing else") {
  const Shape shape = {1, 3, 4, 5};
  const HostTensor q = random_tensor(shape, 1), v = random_tensor(shape, 3);
  const HostTensor k = tensor_of(
      shape, [](const Extent* i) { return i[2] == 1 && i[3] == 2 ? double{NAN} : 0.1 * i[3]; });
  const auto outputs = outputs_of(call_of({q, k, v}), false);
  REQUIRE(outputs.ok());
  // Of the position itself the row has the score.
  const HostTensor expected =
      tensor_of(shape, [](const Extent* i) { return i[2] == 1 || i[3] == 2 ? double{NAN} : 0; });
  for (size_t i = 0; i < 60; ++i) {
    CHECK(std::isnan(element(outputs.value()[0], i)) == std::isnan(element(expected, i)));
  }
}

TEST_CASE("CrissCross refuses what does not fit") {
  const auto code = [](std::vector<HostTensor> inputs) {
    return outputs_of(call_of(std::move(inputs)), false).status().code;
  };
  const auto random = [](const Shape& shape) { return random_tensor(shape, 1); };
  const HostTensor q = random({2, 3, 4, 5});
  CHECK(code({q, random({2, 2, 4, 5}), q}) == Code::kWrongShape);
  CHECK(code({q, q, random({2, 3, 5, 4})}) == Code::kWrongShape);
  CHECK(code({q, q, random({1, 3, 4, 5})}) == Code::kWrongShape);
  CHECK(code({random({2, 3, 4}), random({2, 3, 4}), random({2, 3, 4})}) == Code::kWrongShape);
  CHECK(code({q, q, random({2, 9, 4, 5})}) == Code::kOk);
}

// AdditiveScore against its definition in double.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {1e-5, 1e-5};

HostTensor scores(const HostTensor& q, const HostTensor& k, const HostTensor& v,
                  const HostTensor& b) {
  return tensor_of({q.shape[0], q.shape[1], k.shape[1]}, [&](const Extent* i) {
    double sum = 0;
    for (Extent d = 0; d < q.shape[2]; ++d) {
      const Extent at_q[] = {i[0], i[1], d}, at_k[] = {i[0], i[2], d};
      const double shift = b.data.empty() ? 0 : element(b, static_cast<size_t>(d));
      sum +=
          element(v, static_cast<size_t>(d)) * std::tanh(at(q, at_q, 3) + at(k, at_k, 3) + shift);
    }
    return sum;
  });
}

OperatorCall call_of(std::vector<HostTensor> inputs) {
  OperatorCall call = {"AdditiveScore", std::move(inputs)};
  call.domain = "heed";
  return call;
}

}  // namespace

TEST_CASE("AdditiveScore sums v tanh(q + k + b)") {
  struct Case {
    Extent batch, queries, keys, width;
  };
  const Case cases[] = {{1, 1, 1, 1}, {2, 3, 5, 7}, {1, 4, 1, 64}, {3, 1, 9, 33}, {2, 2, 2, 516}};
  for (const Case& c : cases) {
    CAPTURE(c.batch, c.queries, c.keys, c.width);
    const HostTensor q = random_tensor({c.batch, c.queries, c.width}, 1, -3, 3),
                     k = random_tensor({c.batch, c.keys, c.width}, 2, -3, 3),
                     v = random_tensor({c.width}, 3), b = random_tensor({c.width}, 4);
    CHECK(difference(call_of({q, k, v, b}), {scores(q, k, v, b)}, kClose) == "");
    HostTensor row = v;
    row.shape = {1, c.width};
    CHECK(difference(call_of({q, k, row}), {scores(q, k, v, left_out())}, kClose) == "");
  }
}

TEST_CASE("AdditiveScore keeps NaN in the rows and columns that have it") {
  HostTensor q = random_tensor({1, 3, 9}, 1), k = random_tensor({1, 4, 9}, 2);
  const HostTensor v = random_tensor({9}, 3);
  const auto spoil = [](HostTensor& t, size_t i) {
    const float nan = NAN;
    std::memcpy(t.data.data() + i * sizeof(float), &nan, sizeof(float));
  };
  spoil(q, 1 * 9 + 8);
  spoil(k, 2 * 9 + 3);
  const HostTensor e = scores(q, k, v, left_out());
  CHECK(std::isnan(element(e, 4)));
  CHECK_FALSE(std::isnan(element(e, 0)));
  CHECK(difference(call_of({q, k, v}), {e}, kClose) == "");
}

TEST_CASE("AdditiveScore refuses what does not fit") {
  const auto code = [](std::vector<HostTensor> inputs) {
    return outputs_of(call_of(std::move(inputs)), false).status().code;
  };
  const auto random = [](const Shape& shape) { return random_tensor(shape, 1); };
  const HostTensor q = random({2, 3, 8}), k = random({2, 5, 8}), v = random({8});
  CHECK(code({q, random({1, 5, 8}), v}) == Code::kWrongShape);
  CHECK(code({q, random({2, 5, 7}), v}) == Code::kWrongShape);
  CHECK(code({random({3, 8}), k, v}) == Code::kWrongShape);
  CHECK(code({q, k, random({7})}) == Code::kWrongShape);
  CHECK(code({q, k, v, random({7})}) == Code::kWrongShape);
  CHECK(code({q, k, v, random({8})}) == Code::kOk);
}

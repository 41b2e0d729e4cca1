// ChannelSum: a 1x1 convolution to one channel, in either layout.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

OperatorCall sum_call(std::vector<HostTensor> inputs) {
  OperatorCall call = {"ChannelSum", std::move(inputs)};
  call.domain = "heed";
  return call;
}

HostTensor summed(const HostTensor& x, const HostTensor& w, double bias) {
  Shape shape = x.shape;
  shape[1] = 1;
  return tensor_of(shape, [&](const Extent* i) {
    Extent from[kMaxRank];
    std::copy(i, i + shape.rank(), from);
    double sum = bias;
    for (Extent c = 0; c < x.shape[1]; ++c) {
      from[1] = c;
      sum += element(w, static_cast<size_t>(c)) * at(x, from, shape.rank());
    }
    return sum;
  });
}

}  // namespace

TEST_CASE("ChannelSum weighs and adds the channels of every position") {
  for (const Shape& shape :
       {Shape{1, 16, 5, 7}, Shape{2, 7, 6, 3}, Shape{3, 33, 1, 1}, Shape{1, 1, 9, 2},
        Shape{2, 130, 3, 11}, Shape{1, 5, 47}, Shape{2, 6, 2, 3, 5}}) {
    CAPTURE(shape.text());
    const HostTensor x = random_tensor(shape, 1), w = random_tensor({1, shape[1]}, 2);
    CHECK(difference(sum_call({x, w}), {summed(x, w, 0)}, {1e-5, 1e-5}) == "");
    const HostTensor bias = host_tensor<float>({0.75f}, {1});
    CHECK(difference(sum_call({x, w, bias}), {summed(x, w, 0.75)}, {1e-5, 1e-5}) == "");
  }
}

TEST_CASE("ChannelSum keeps NaN at its position, and infinities") {
  const HostTensor x = tensor_of({2, 9, 3, 13}, [](const Extent* i) -> double {
    if (i[1] == 6 && i[2] == 1) return i[3] == 2 ? NAN : i[3] == 3 ? HUGE_VAL : -HUGE_VAL;
    return i[1] + i[3];
  });
  const HostTensor w = random_tensor({9}, 3, 0.5f, 1);
  CHECK(difference(sum_call({x, w}), {summed(x, w, 0)}, {1e-5, 1e-5}) == "");
}

TEST_CASE("ChannelSum refuses what does not fit") {
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  const HostTensor x = random_tensor({2, 3, 4}, 1);
  CHECK(code(sum_call({x, random_tensor({4}, 2)})) == Code::kWrongShape);
  CHECK(code(sum_call({random_tensor({2, 3}, 1), random_tensor({3}, 2)})) == Code::kWrongShape);
  CHECK(code(sum_call({x, random_tensor({3}, 2), random_tensor({3}, 3)})) == Code::kWrongShape);
  CHECK(code(sum_call({x, host_tensor<int64_t>({1, 2, 3}, {3})})) == Code::kUnsupportedType);
}

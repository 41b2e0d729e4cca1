// ChannelPool: the greatest and the mean along the channels (or another axis) in one pass.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {1e-6, 1e-6};

// Channel 0 is the greatest and channel 1 the mean along `axis`, whose place the channels take.
HostTensor pooled(const HostTensor& x, int axis) {
  Shape shape = x.shape;
  shape[axis] = x.shape[1];
  shape[1] = 2;
  return tensor_of(shape, [&](const Extent* i) {
    Extent from[kMaxRank];
    std::copy(i, i + shape.rank(), from);
    from[1] = i[axis];
    double sum = 0, greatest = -HUGE_VAL;
    for (from[axis] = 0; from[axis] < x.shape[axis]; ++from[axis]) {
      const double v = at(x, from, shape.rank());
      sum += v;
      greatest = std::isnan(v) || v > greatest ? v : greatest;
    }
    return i[1] == 0 ? greatest : sum / x.shape[axis];
  });
}

// The channels of `both` put together: y[n, 0] = f(both[n, 0], both[n, 1]) and so on.
HostTensor channels_of(const HostTensor& both, Extent channels,
                       const std::function<double(double, double, Extent)>& f) {
  Shape shape = both.shape;
  shape[1] = channels;
  return tensor_of(shape, [&](const Extent* i) {
    Extent from[kMaxRank];
    std::copy(i, i + shape.rank(), from);
    from[1] = 0;
    const double greatest = at(both, from, shape.rank());
    from[1] = 1;
    return f(greatest, at(both, from, shape.rank()), i[1]);
  });
}

OperatorCall pool_call(const HostTensor& x, const char* pools, int axis) {
  OperatorCall call = {
      "ChannelPool", {x}, {{"pools", std::string(pools)}, {"axis", int64_t{axis}}}};
  call.domain = "heed";
  return call;
}

}  // namespace

TEST_CASE("ChannelPool is the greatest and the mean, in either order, or half of both") {
  for (const Shape& shape :
       {Shape{2, 16, 5, 7}, Shape{1, 33, 3, 3}, Shape{3, 5, 1, 1}, Shape{1, 1, 9, 2},
        Shape{2, 530, 3, 1}, Shape{1, 7, 24, 31}, Shape{2, 6, 11}, Shape{3, 4}}) {
    const HostTensor x = random_tensor(shape, 3);
    for (int axis = 1; axis < shape.rank(); ++axis) {
      const HostTensor both = pooled(x, axis);
      CAPTURE(shape.text(), axis);
      CHECK(difference(pool_call(x, "max,mean", axis), {both}, kClose) == "");
      CHECK(
          difference(pool_call(x, "mean,max", axis),
                     {channels_of(both, 2, [](double a, double b, Extent c) { return c ? a : b; })},
                     kClose) == "");
      CHECK(
          difference(pool_call(x, "mix", axis),
                     {channels_of(both, 1, [](double a, double b, Extent) { return (a + b) / 2; })},
                     kClose) == "");
    }
  }
}

TEST_CASE("ChannelPool keeps NaN at its position, and infinities") {
  const HostTensor x = tensor_of({2, 19, 3, 5}, [](const Extent* i) -> double {
    if (i[1] == 17 && i[2] == 1) return i[3] == 2 ? NAN : i[3] == 3 ? HUGE_VAL : -HUGE_VAL;
    return i[1] - 9;
  });
  CHECK(difference(pool_call(x, "max,mean", 1), {pooled(x, 1)}, kClose) == "");
}

TEST_CASE("ChannelPool refuses what it cannot pool") {
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  const HostTensor x = random_tensor({2, 3, 4}, 1);
  CHECK(code(pool_call(x, "max,mean", 0)) == Code::kWrongShape);
  CHECK(code(pool_call(x, "max,mean", 3)) == Code::kInvalidGraph);
  CHECK(code(pool_call(x, "min", 1)) == Code::kInvalidGraph);
  CHECK(code(pool_call(random_tensor({2}, 1), "max,mean", 1)) == Code::kInvalidGraph);
  CHECK(code(pool_call(host_tensor<int64_t>({1, 2}, {1, 2}), "max,mean", 1)) ==
        Code::kUnsupportedType);
}

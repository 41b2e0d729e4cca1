// Normalisations against their definitions in double.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/arrays.h"
#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {2e-5, 2e-5};
constexpr double kEpsilon = 1e-3;
const GraphBuilder::Attribute kEpsilonAttribute = {"epsilon", 1e-3f};

// (x - mean) / sqrt(variance + epsilon) over these axes.
Array normalized_along(const Array& x, const Axes& axes, double epsilon = kEpsilon) {
  return (x - mean_along(x, axes)) / xt::sqrt(variance_along(x, axes) + epsilon);
}

// A vector along axis 1 of a tensor of that rank.
Array along_channels(const HostTensor& vector, int rank) {
  Axes extents(static_cast<size_t>(rank), 1);
  extents[1] = static_cast<size_t>(vector.shape[0]);
  return reshaped(array_of(vector), extents);
}

const Shape kShapes[] = {{2, 6, 4, 5}, {1, 24, 3, 3}, {3, 4, 9}, {2, 6, 1, 700}};

}  // namespace

TEST_CASE("BatchNormalization at inference") {
  for (const Shape& shape : {Shape{2, 6, 4, 5}, Shape{1, 3, 7, 9}, Shape{3, 4, 9}, Shape{5, 7}}) {
    const Shape channels = {shape[1]};
    const HostTensor x = random_tensor(shape, 1), scale = random_tensor(channels, 2),
                     offset = random_tensor(channels, 3), mean = random_tensor(channels, 4),
                     variance = random_tensor(channels, 5, 0.1f, 2);
    const auto channel = [&](const HostTensor& v) { return along_channels(v, shape.rank()); };
    const HostTensor y = tensor_of((array_of(x) - channel(mean)) /
                                       xt::sqrt(channel(variance) + kEpsilon) * channel(scale) +
                                   channel(offset));
    CAPTURE(shape.text());
    CHECK(
        difference({"BatchNormalization", {x, scale, offset, mean, variance}, {kEpsilonAttribute}},
                   {y}, kClose) == "");
  }
}

TEST_CASE("BatchNormalization in training mode uses the batch's statistics") {
  const Shape shape = {2, 5, 3, 4}, channels = {5};
  const HostTensor x = random_tensor(shape, 1), scale = random_tensor(channels, 2),
                   offset = random_tensor(channels, 3), mean = random_tensor(channels, 4),
                   variance = random_tensor(channels, 5, 0.1f, 2);
  const Array values = array_of(x);
  const Axes others = {0, 2, 3};
  const HostTensor y = tensor_of(normalized_along(values, others) * along_channels(scale, 4) +
                                 along_channels(offset, 4));
  const auto running = [&](const HostTensor& before, const Array& now) {
    return tensor_of(0.8 * array_of(before) + 0.2 * xt::flatten(now));
  };
  const HostTensor running_mean = running(mean, mean_along(values, others));
  const HostTensor running_variance = running(variance, variance_along(values, others));
  OperatorCall call = {"BatchNormalization", {x, scale, offset, mean, variance}};
  call.attributes = {kEpsilonAttribute, {"momentum", 0.8f}, {"training_mode", int64_t{1}}};
  call.outputs = 3;
  CHECK(difference(call, {y, running_mean, running_variance}, kClose) == "");
}

TEST_CASE("InstanceNormalization and GroupNormalization with scales by channel or by group") {
  for (const Shape& shape : kShapes) {
    const Extent channels = shape[1];
    const HostTensor x = random_tensor(shape, 1, 1, 3);
    for (const Extent groups : {Extent{1}, Extent{2}, channels}) {
      // (N, groups, channels of a group and all positions)
      const Axes extents = {size_t(shape[0]), size_t(groups),
                            size_t(shape.count(1, shape.rank()) / groups)};
      Array normal = normalized_along(reshaped(array_of(x), extents), {2});
      normal.reshape(Axes(shape.begin(), shape.end()));
      for (const bool by_group : {false, true}) {
        const Shape parameters = {by_group ? groups : channels};
        const HostTensor scale = random_tensor(parameters, 2),
                         offset = random_tensor(parameters, 3);
        const auto parameter = [&](const HostTensor& v) {
          const auto count = static_cast<size_t>(v.shape[0]), size = size_t(channels) / count;
          const Array each =
              reshaped(array_of(v), {count, 1}) * xt::ones<double>({size_t{1}, size});
          return along_channels(tensor_of(reshaped(each, {count * size})), shape.rank());
        };
        const HostTensor y = tensor_of(normal * parameter(scale) + parameter(offset));
        CAPTURE(shape.text(), groups, by_group);
        CHECK(difference({"GroupNormalization",
                          {x, scale, offset},
                          {kEpsilonAttribute, {"num_groups", int64_t{groups}}},
                          by_group ? 18 : 21},
                         {y}, kClose) == "");
        if (groups != channels || by_group) continue;
        CHECK(difference({"InstanceNormalization", {x, scale, offset}, {kEpsilonAttribute}}, {y},
                         kClose) == "");
      }
    }
  }
}

TEST_CASE("LayerNormalization and RMSNormalization from every axis on, with all outputs") {
  for (const Shape& shape :
       {Shape{2, 3, 16}, Shape{2, 3, 17}, Shape{5}, Shape{2, 3, 4, 5}, Shape{3, 130}}) {
    const int rank = shape.rank();
    const HostTensor x = random_tensor(shape, 1, -1, 3);
    for (int axis = 0; axis < rank; ++axis) {
      Shape normalized, statistics = shape;
      for (int i = axis; i < rank; ++i) {
        normalized.push_back(shape[i]);
        statistics[i] = 1;
      }
      const HostTensor scale = random_tensor(normalized, 2), offset = random_tensor(normalized, 3);
      const Array values = array_of(x);
      const Axes axes = axes_from(axis, rank);
      const HostTensor y =
          tensor_of(normalized_along(values, axes) * array_of(scale) + array_of(offset));
      const HostTensor mean = tensor_of(mean_along(values, axes));
      const HostTensor deviation = tensor_of(1 / xt::sqrt(variance_along(values, axes) + kEpsilon));
      CAPTURE(shape.text(), axis);
      OperatorCall call = {"LayerNormalization", {x, scale, offset}};
      call.attributes = {kEpsilonAttribute, {"axis", int64_t{axis - rank}}};
      call.outputs = 3;
      CHECK(difference(call, {y, mean, deviation}, kClose) == "");

      const HostTensor rms = tensor_of(
          values / xt::sqrt(mean_along(xt::square(values), axes) + kEpsilon) * array_of(scale));
      CHECK(difference({"RMSNormalization", {x, scale}, call.attributes, 23}, {rms}, kClose) == "");
    }
  }
}

TEST_CASE("LayerNormalization of a tensor that is far from zero") {
  const HostTensor x = random_tensor({4, 64}, 1, 999, 1001), scale = random_tensor({64}, 2);
  const HostTensor y = tensor_of(normalized_along(array_of(x), {1}) * array_of(scale));
  CHECK(difference({"LayerNormalization", {x, scale}, {kEpsilonAttribute}}, {y}, {1e-3, 2e-4}) ==
        "");
}

TEST_CASE("LpNormalization and MeanVarianceNormalization") {
  const Shape shape = {2, 3, 4, 5};
  const HostTensor x = random_tensor(shape, 1);
  const Array values = array_of(x);
  for (int axis = 0; axis < 4; ++axis) {
    for (const int p : {1, 2}) {
      const Array sum = xt::sum(xt::pow(xt::abs(values), p), {axis}, xt::keep_dims);
      const HostTensor y = tensor_of(values / xt::pow(sum, 1.0 / p));
      CHECK(difference({"LpNormalization", {x}, {{"axis", int64_t{axis}}, {"p", int64_t{p}}}}, {y},
                       kClose) == "");
    }
  }
  CHECK(difference({"LpNormalization", {host_tensor<float>({0, 0, 3, 4}, {2, 2})}},
                   {host_tensor<float>({0, 0, 0.6f, 0.8f}, {2, 2})}, kClose) == "");
  const HostTensor y = tensor_of(normalized_along(array_of(x), {0, 2, 3}, 0));
  CHECK(difference({"MeanVarianceNormalization", {x}}, {y}, kClose) == "");
}

TEST_CASE("normalisations refuse what contradicts their shapes") {
  const HostTensor x = random_tensor({2, 6, 3}, 1), six = random_tensor({6}, 1),
                   five = random_tensor({5}, 1);
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  CHECK(code({"BatchNormalization", {x, six, six, six, five}}) == Code::kWrongShape);
  CHECK(code({"GroupNormalization", {x, six, six}, {{"num_groups", int64_t{4}}}}) != Code::kOk);
  CHECK(code({"GroupNormalization", {x, six, six}}) != Code::kOk);
  CHECK(code({"LayerNormalization", {x, six}}) == Code::kWrongShape);
  CHECK(code({"LayerNormalization", {x, six}, {{"axis", int64_t{3}}}}) != Code::kOk);
  CHECK(code({"LpNormalization", {x}, {{"p", int64_t{3}}}}) != Code::kOk);
}

// Normalisations against their definitions in double.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {2e-5, 2e-5};
constexpr double kEpsilon = 1e-3;
const GraphBuilder::Attribute kEpsilonAttribute = {"epsilon", 1e-3f};

struct Moments {
  double mean = 0, variance = 0;
};

// Of the elements whose index agrees with `index` in the way that `same` says.
template <class Same>
Moments moments_of(const HostTensor& x, Same same) {
  std::vector<double> values;
  tensor_of(x.shape, [&](const Extent* i) {
    if (same(i)) values.push_back(at(x, i, x.shape.rank()));
    return 0;
  });
  Moments m;
  for (double v : values) m.mean += v / static_cast<double>(values.size());
  for (double v : values) {
    m.variance += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size());
  }
  return m;
}

const Shape kShapes[] = {{2, 6, 4, 5}, {1, 24, 3, 3}, {3, 4, 9}, {2, 6, 1, 700}};

}  // namespace

TEST_CASE("BatchNormalization at inference") {
  for (const Shape& shape : {Shape{2, 6, 4, 5}, Shape{1, 3, 7, 9}, Shape{3, 4, 9}, Shape{5, 7}}) {
    const Shape channels = {shape[1]};
    const HostTensor x = random_tensor(shape, 1), scale = random_tensor(channels, 2),
                     offset = random_tensor(channels, 3), mean = random_tensor(channels, 4),
                     variance = random_tensor(channels, 5, 0.1f, 2);
    const HostTensor y = tensor_of(shape, [&](const Extent* i) {
      const Extent* c = i + 1;
      return (at(x, i, shape.rank()) - at(mean, c, 1)) / std::sqrt(at(variance, c, 1) + kEpsilon) *
                 at(scale, c, 1) +
             at(offset, c, 1);
    });
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
  const auto of_channel = [&](Extent c) {
    return moments_of(x, [c](const Extent* i) { return i[1] == c; });
  };
  const HostTensor y = tensor_of(shape, [&](const Extent* i) {
    const Moments m = of_channel(i[1]);
    return (at(x, i, 4) - m.mean) / std::sqrt(m.variance + kEpsilon) * at(scale, i + 1, 1) +
           at(offset, i + 1, 1);
  });
  const HostTensor running_mean = tensor_of(
      channels, [&](const Extent* c) { return 0.8 * at(mean, c, 1) + 0.2 * of_channel(*c).mean; });
  const HostTensor running_variance = tensor_of(channels, [&](const Extent* c) {
    return 0.8 * at(variance, c, 1) + 0.2 * of_channel(*c).variance;
  });
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
      const Extent size = channels / groups;
      for (const bool by_group : {false, true}) {
        const Shape parameters = {by_group ? groups : channels};
        const HostTensor scale = random_tensor(parameters, 2),
                         offset = random_tensor(parameters, 3);
        const HostTensor y = tensor_of(shape, [&](const Extent* i) {
          const Moments m = moments_of(
              x, [&](const Extent* j) { return i[0] == j[0] && i[1] / size == j[1] / size; });
          const Extent p = by_group ? i[1] / size : i[1];
          return (at(x, i, shape.rank()) - m.mean) / std::sqrt(m.variance + kEpsilon) *
                     at(scale, &p, 1) +
                 at(offset, &p, 1);
        });
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
      if (shape.count() > 1000) break;  // the reference is slow
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
      const auto moments = [&](const Extent* i) {
        return moments_of(x, [&](const Extent* j) { return std::equal(i, i + axis, j); });
      };
      const auto inverse = [&](const Extent* i) {
        return 1 / std::sqrt(moments(i).variance + kEpsilon);
      };
      const HostTensor y = tensor_of(shape, [&](const Extent* i) {
        return (at(x, i, rank) - moments(i).mean) * inverse(i) * at(scale, i, rank) +
               at(offset, i, rank);
      });
      const HostTensor mean =
          tensor_of(statistics, [&](const Extent* i) { return moments(i).mean; });
      const HostTensor deviation = tensor_of(statistics, inverse);
      CAPTURE(shape.text(), axis);
      OperatorCall call = {"LayerNormalization", {x, scale, offset}};
      call.attributes = {kEpsilonAttribute, {"axis", int64_t{axis - rank}}};
      call.outputs = 3;
      CHECK(difference(call, {y, mean, deviation}, kClose) == "");

      const HostTensor rms = tensor_of(shape, [&](const Extent* i) {
        const Moments m = moments(i);
        return at(x, i, rank) / std::sqrt(m.variance + m.mean * m.mean + kEpsilon) *
               at(scale, i, rank);
      });
      CHECK(difference({"RMSNormalization", {x, scale}, call.attributes, 23}, {rms}, kClose) == "");
    }
  }
}

TEST_CASE("LayerNormalization of a tensor that is far from zero") {
  const HostTensor x = random_tensor({4, 64}, 1, 999, 1001), scale = random_tensor({64}, 2);
  const HostTensor y = tensor_of(x.shape, [&](const Extent* i) {
    const Moments m = moments_of(x, [&](const Extent* j) { return i[0] == j[0]; });
    return (at(x, i, 2) - m.mean) / std::sqrt(m.variance + kEpsilon) * at(scale, i, 2);
  });
  CHECK(difference({"LayerNormalization", {x, scale}, {kEpsilonAttribute}}, {y}, {1e-3, 2e-4}) ==
        "");
}

TEST_CASE("LpNormalization and MeanVarianceNormalization") {
  const Shape shape = {2, 3, 4, 5};
  const HostTensor x = random_tensor(shape, 1);
  for (int axis = 0; axis < 4; ++axis) {
    for (const int p : {1, 2}) {
      const HostTensor y = tensor_of(shape, [&](const Extent* i) {
        double norm = 0;
        Extent j[kMaxRank];
        std::copy(i, i + 4, j);
        for (j[axis] = 0; j[axis] < shape[axis]; ++j[axis]) {
          norm += std::pow(std::abs(at(x, j, 4)), p);
        }
        return at(x, i, 4) / std::pow(norm, 1.0 / p);
      });
      CHECK(difference({"LpNormalization", {x}, {{"axis", int64_t{axis}}, {"p", int64_t{p}}}}, {y},
                       kClose) == "");
    }
  }
  CHECK(difference({"LpNormalization", {host_tensor<float>({0, 0, 3, 4}, {2, 2})}},
                   {host_tensor<float>({0, 0, 0.6f, 0.8f}, {2, 2})}, kClose) == "");
  const HostTensor y = tensor_of(shape, [&](const Extent* i) {
    const Moments m = moments_of(x, [&](const Extent* j) { return i[1] == j[1]; });
    return (at(x, i, 4) - m.mean) / std::sqrt(m.variance);
  });
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

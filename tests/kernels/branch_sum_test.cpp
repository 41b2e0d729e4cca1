// BranchSum: softmax over branches and their weighted sum, against plain loops in double.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {1e-5, 1e-6};

struct Branches {
  Extent count;
  Shape shape;        // of one branch
  Extent groups = 1;  // of the logits

  Extent channels() const { return shape[1]; }
  Shape together() const {
    Shape all = shape;
    all[1] *= count;
    return all;
  }
  // Branch `m` of a tensor that has all of them along its channels.
  HostTensor part(const HostTensor& u, Extent m) const {
    return tensor_of(shape, [&](const Extent* i) {
      Extent from[kMaxRank];
      std::copy(i, i + shape.rank(), from);
      from[1] = m * channels() + i[1];
      return at(u, from, shape.rank());
    });
  }
  // Where the logits (B, M C) have that of branch m and channel c: index (k R + r) C / K + j.
  Extent place(Extent m, Extent c) const {
    const Extent size = channels() / groups;
    return (c / size * count + m) * size + c % size;
  }
  HostTensor map(const HostTensor& logits) const {
    Shape map_shape = {shape[0], count, channels()};
    for (int axis = 2; axis < shape.rank(); ++axis) map_shape.push_back(1);
    const auto power = [&](const Extent* i, Extent m) {
      return std::exp(
          element(logits, static_cast<size_t>(i[0] * count * channels() + place(m, i[2]))));
    };
    return tensor_of(map_shape, [&](const Extent* i) {
      double sum = count == 1 ? 1 : 0;
      for (Extent m = 0; m < count; ++m) sum += power(i, m);
      return power(i, i[1]) / sum;
    });
  }
  HostTensor y(const HostTensor& u, const HostTensor& weights) const {
    return tensor_of(shape, [&](const Extent* i) {
      double sum = 0;
      for (Extent m = 0; m < count; ++m) {
        Extent from[kMaxRank];
        std::copy(i, i + shape.rank(), from);
        from[1] = m * channels() + i[1];
        const auto weight = static_cast<size_t>((i[0] * count + m) * channels() + i[1]);
        sum += at(u, from, shape.rank()) * element(weights, weight);
      }
      return sum;
    });
  }
};

OperatorCall call_of(std::vector<HostTensor> inputs, Extent branches, Extent groups = 1) {
  OperatorCall call = {"BranchSum", std::move(inputs)};
  call.domain = "heed";
  call.outputs = 2;
  call.attributes = {{"branches", int64_t{branches}}, {"groups", int64_t{groups}}};
  return call;
}

HostTensor reshaped(HostTensor tensor, const Shape& shape) {
  tensor.shape = shape;
  return tensor;
}

}  // namespace

TEST_CASE("BranchSum weighs branches that lie together or apart, by the softmax over them") {
  for (const Shape& shape : {Shape{2, 16, 5, 7}, Shape{1, 7, 3, 3}, Shape{3, 5, 1, 1},
                             Shape{2, 1, 9, 2}, Shape{1, 6, 601}, Shape{2, 3, 2, 3, 2}}) {
    for (const Extent count : {1, 2, 3, 4, 5, 9}) {
      CAPTURE(shape.text(), count);
      const Branches b = {count, shape};
      const Extent all = count * b.channels();
      const HostTensor u = random_tensor(b.together(), 1);
      const HostTensor logits = random_tensor({shape[0], all}, 2, -3, 3);
      const HostTensor map = b.map(logits), y = b.y(u, map);
      CHECK(difference(call_of({logits, u}, count), {y, map}, kClose) == "");
      std::vector<HostTensor> apart = {reshaped(logits, {shape[0], count, b.channels(), 1, 1})};
      for (Extent m = 0; m < count; ++m) apart.push_back(b.part(u, m));
      OperatorCall call = call_of(apart, count);
      CHECK(difference(call, {y, map}, kClose) == "");
      call.inputs[0] = reshaped(logits, {shape[0], all, 1, 1});
      call.attributes.clear();
      call.outputs = 1;
      CHECK(difference(call, {y}, kClose) == "");
    }
  }
}

TEST_CASE("BranchSum reads logits group by group, as ResNeSt has them") {
  for (const Extent groups : {1, 2, 3, 6}) {
    const Branches b = {2, {2, 12, 4, 5}, groups};
    const HostTensor u = random_tensor(b.together(), 1);
    const HostTensor logits = random_tensor({2, 24, 1, 1}, 2, -3, 3);
    const HostTensor map = b.map(logits);
    CAPTURE(groups);
    CHECK(difference(call_of({logits, u}, 2, groups), {b.y(u, map), map}, kClose) == "");
  }
  // The order matters: with one group the map is another one.
  const HostTensor logits = random_tensor({2, 24}, 2, -3, 3);
  CHECK(difference(Branches{2, {2, 12, 1}, 2}.map(logits), Branches{2, {2, 12, 1}}.map(logits),
                   kClose) != "");
}

TEST_CASE("BranchSum keeps NaN where it belongs, and large logits do not overflow") {
  const Branches b = {2, {1, 6, 3, 3}};
  HostTensor u = random_tensor(b.together(), 1);
  const HostTensor logits = tensor_of({1, 12}, [](const Extent* i) {
    return i[1] == 2 ? NAN : i[1] < 6 ? 300.0 : 1.0;
  });
  const HostTensor map = tensor_of({1, 2, 6, 1, 1}, [](const Extent* i) {
    return i[2] == 2 ? double{NAN} : i[1] == 0 ? 1 : 0;
  });
  CHECK(difference(call_of({logits, u}, 2), {b.y(u, map), map}, {1e-5, 1e-30}) == "");
  const HostTensor y = b.y(u, map);
  CHECK(std::isnan(element(y, 2 * 9)));
  CHECK_FALSE(std::isnan(element(y, 3 * 9)));
}

TEST_CASE("BranchSum refuses what does not fit") {
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  const auto random = [](const Shape& shape) { return random_tensor(shape, 1); };
  const HostTensor u = random({2, 12, 3});
  CHECK(code(call_of({random({2, 12}), u}, 5)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 12}), u}, 0)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 12}), u}, 2, 4)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 12}), u}, 2, 0)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 11}), u}, 2)) == Code::kWrongShape);
  CHECK(code(call_of({random({1, 12}), u}, 2)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 12, 2}), u}, 2)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 2, 6}), u}, 2, 2)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 24}), u, random({2, 12, 4})}, 2)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 24}), u, u}, 3)) == Code::kWrongShape);
  CHECK(code(call_of({random({2, 24}), u, u}, 2)) == Code::kOk);
}

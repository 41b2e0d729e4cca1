// Reductions, softmax and what else runs along axes, against their definitions in double.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "support/arrays.h"
#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

// The shape with extent 1 on the axes of the set.
Shape without(const Shape& shape, uint32_t axes) {
  Shape result = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axes >> axis & 1) result[axis] = 1;
  }
  return result;
}

// The elements of x that belong to one result, in logical order.
std::vector<double> line_of(const HostTensor& x, uint32_t axes, const Extent* index) {
  std::vector<double> values;
  Extent i[kMaxRank] = {};
  for (Extent n = 0; n < x.shape.count(); ++n) {
    bool same = true;
    for (int axis = 0; axis < x.shape.rank(); ++axis) {
      same = same && ((axes >> axis & 1) || i[axis] == index[axis]);
    }
    if (same) values.push_back(element(x, static_cast<size_t>(n)));
    for (int axis = x.shape.rank() - 1; axis >= 0; --axis) {
      if (++i[axis] < x.shape[axis]) break;
      i[axis] = 0;
    }
  }
  return values;
}

HostTensor axes_tensor(uint32_t axes, int rank) {
  std::vector<int64_t> list;
  for (int axis = 0; axis < rank; ++axis) {
    if (axes >> axis & 1) list.push_back(axis % 2 == 0 ? axis : axis - rank);
  }
  return host_tensor(std::span<const int64_t>(list), {static_cast<Extent>(list.size())});
}

using Line = std::vector<double>;

// The axes of a set.
Axes list_of(uint32_t axes, int rank) {
  Axes list;
  for (int axis = 0; axis < rank; ++axis) {
    if (axes >> axis & 1) list.push_back(static_cast<size_t>(axis));
  }
  return list;
}

Array log_sum_exp(const Array& x, const Axes& axes) {
  return xt::log(xt::sum(xt::exp(x), axes, xt::keep_dims));
}

struct ReduceCase {
  std::string_view op;
  Array (*function)(const Array&, const Axes&);
};
const ReduceCase kReductions[] = {
    {"ReduceSum",
     [](const Array& x, const Axes& a) -> Array { return xt::sum(x, a, xt::keep_dims); }},
    {"ReduceMean", mean_along},
    {"ReduceMax",
     [](const Array& x, const Axes& a) -> Array { return xt::amax(x, a, xt::keep_dims); }},
    {"ReduceMin",
     [](const Array& x, const Axes& a) -> Array { return xt::amin(x, a, xt::keep_dims); }},
    {"ReduceProd",
     [](const Array& x, const Axes& a) -> Array { return xt::prod(x, a, xt::keep_dims); }},
    {"ReduceL1",
     [](const Array& x, const Axes& a) -> Array { return xt::sum(xt::abs(x), a, xt::keep_dims); }},
    {"ReduceL2",
     [](const Array& x, const Axes& a) -> Array {
       return xt::sqrt(xt::sum(x * x, a, xt::keep_dims));
     }},
    {"ReduceSumSquare",
     [](const Array& x, const Axes& a) -> Array { return xt::sum(x * x, a, xt::keep_dims); }},
    {"ReduceLogSum",
     [](const Array& x, const Axes& a) -> Array { return xt::log(xt::sum(x, a, xt::keep_dims)); }},
    {"ReduceLogSumExp", log_sum_exp},
};

}  // namespace

TEST_CASE("reductions over every set of axes, in both layouts") {
  for (const ReduceCase& reduce : kReductions) {
    for (const Shape& shape : {Shape{2, 5, 3, 4}, Shape{1, 19, 2, 3}, Shape{7}, Shape{3, 1, 6}}) {
      const HostTensor x = random_tensor(shape, 4, 0.5f, 1.5f);
      for (uint32_t axes = 1; axes < 1u << shape.rank(); ++axes) {
        CAPTURE(reduce.op, shape.text(), axes);
        const HostTensor y = tensor_of(reduce.function(array_of(x), list_of(axes, shape.rank())));
        const OperatorCall call = {reduce.op, {x, axes_tensor(axes, shape.rank())}, {}, 22, "", 1,
                                   true};
        CHECK(difference(call, {y}, {2e-6, 1e-6}) == "");
      }
    }
  }
}

TEST_CASE("reductions of long rows and many rows stay exact to a few units in the last place") {
  for (const Shape& shape :
       {Shape{2, 5000}, Shape{5000, 2}, Shape{1, 3, 100, 90}, Shape{1, 20, 70, 70}}) {
    const uint32_t axes = shape.rank() == 2 ? (shape[0] > 2 ? 1u : 2u) : 12u;
    const HostTensor x = random_tensor(shape, 9, 0, 1);
    const HostTensor y =
        tensor_of(xt::sum(array_of(x), list_of(axes, shape.rank()), xt::keep_dims));
    CAPTURE(shape.text());
    CHECK(difference({"ReduceSum", {x, axes_tensor(axes, shape.rank())}, {}, 22, "", 1, true}, {y},
                     {1e-6, 0}) == "");
  }
}

TEST_CASE("axes are attributes or inputs, and none of them are all, or none") {
  const HostTensor x = random_tensor({2, 3, 4}, 1);
  const Array values = array_of(x);
  const HostTensor all = tensor_of(xt::sum(values));
  const HostTensor middle = tensor_of(xt::sum(values, {1}, xt::keep_dims));
  HostTensor squeezed = middle;
  squeezed.shape = {2, 4};
  const std::vector<int64_t> axis = {1};
  constexpr Tolerance kClose = {1e-6, 1e-6};
  CHECK(difference({"ReduceSum", {x}, {{"keepdims", int64_t{0}}}}, {all}, kClose) == "");
  CHECK(difference({"ReduceSum", {x}, {{"axes", axis}}, 11}, {middle}, kClose) == "");
  CHECK(difference({"ReduceSum", {x, host_tensor<int64_t>({1}, {1})}, {{"keepdims", int64_t{0}}}},
                   {squeezed}, kClose) == "");
  CHECK(
      difference(
          {"ReduceL2", {x, host_tensor<int64_t>({}, {0})}, {{"noop_with_empty_axes", int64_t{1}}}},
          {x}) == "");
}

TEST_CASE("reductions of nothing") {
  const HostTensor nothing = random_tensor({2, 0, 3}, 1);
  const HostTensor axis = host_tensor<int64_t>({1}, {1});
  const auto all = [](float v) { return host_tensor<float>({v, v, v, v, v, v}, {2, 1, 3}); };
  const auto check = [&](std::string_view op, float value) {
    return difference({op, {nothing, axis}}, {all(value)});
  };
  CHECK(check("ReduceSum", 0) == "");
  CHECK(check("ReduceProd", 1) == "");
  CHECK(check("ReduceMax", -INFINITY) == "");
  CHECK(check("ReduceMin", INFINITY) == "");
  CHECK(check("ReduceLogSumExp", -INFINITY) == "");
}

TEST_CASE("the greatest and least keep NaN; log-sum-exp does not overflow") {
  const HostTensor x = host_tensor<float>({1, NAN, 3, 4, 900, 901, -900, -901}, {2, 4});
  const HostTensor axis = host_tensor<int64_t>({1}, {1});
  CHECK(difference({"ReduceMax", {x, axis}}, {host_tensor<float>({NAN, 901}, {2, 1})}) == "");
  CHECK(difference({"ReduceMin", {x, axis}}, {host_tensor<float>({NAN, -901}, {2, 1})}) == "");
  CHECK(difference({"ReduceLogSumExp", {x, axis}}, {host_tensor<float>({NAN, 901.313262f}, {2, 1})},
                   {1e-6, 0}) == "");
}

TEST_CASE("NaN stays in long rows, wherever it stands") {
  const HostTensor axis = host_tensor<int64_t>({1}, {1});
  for (const size_t place : {0, 600, 1299}) {
    std::vector<float> values(1300, 1);
    values[place] = NAN;
    const HostTensor x = host_tensor(std::span<const float>(values), {1, 1300});
    CAPTURE(place);
    for (const std::string_view op : {"ReduceMax", "ReduceMin", "ReduceSum"}) {
      CHECK(difference({op, {x, axis}}, {host_tensor<float>({NAN}, {1, 1})}) == "");
    }
  }
}

TEST_CASE("log-sum-exp of infinities is infinite") {
  const HostTensor x =
      host_tensor<float>({-INFINITY, -INFINITY, INFINITY, 1, -INFINITY, 2}, {3, 2});
  CHECK(difference({"ReduceLogSumExp", {x, host_tensor<int64_t>({1}, {1})}},
                   {host_tensor<float>({-INFINITY, INFINITY, 2}, {3, 1})}) == "");
}

TEST_CASE("reductions of integers") {
  const HostTensor x = host_tensor<int64_t>({7, -2, 3, 5, 9, -4}, {2, 3});
  const HostTensor axis = host_tensor<int64_t>({1}, {1});
  CHECK(difference({"ReduceSum", {x, axis}}, {host_tensor<int64_t>({8, 10}, {2, 1})}) == "");
  CHECK(difference({"ReduceMax", {x, axis}}, {host_tensor<int64_t>({7, 9}, {2, 1})}) == "");
  CHECK(difference({"ReduceMin", {x, axis}}, {host_tensor<int64_t>({-2, -4}, {2, 1})}) == "");
  CHECK(difference({"ReduceProd", {x, axis}}, {host_tensor<int64_t>({-42, -180}, {2, 1})}) == "");
  CHECK(difference({"ReduceL1", {x, axis}}, {host_tensor<int64_t>({12, 18}, {2, 1})}) == "");
  CHECK(difference({"ReduceSumSquare", {x, axis}}, {host_tensor<int64_t>({62, 122}, {2, 1})}) ==
        "");
  CHECK(difference({"ReduceMean", {x, axis}}, {host_tensor<int64_t>({2, 3}, {2, 1})}) == "");
  // Where all are below, or above, what a maximum or minimum might start from.
  const HostTensor below = host_tensor<int32_t>({-7, -5}, {1, 2}),
                   above = host_tensor<int32_t>({7, 5}, {1, 2});
  CHECK(difference({"ReduceMax", {below, axis}}, {host_tensor<int32_t>({-5}, {1, 1})}) == "");
  CHECK(difference({"ReduceMin", {above, axis}}, {host_tensor<int32_t>({5}, {1, 1})}) == "");
  const HostTensor bytes = host_tensor<int8_t>({-7, -5}, {1, 2});
  CHECK(difference({"ReduceMax", {bytes, axis}}, {host_tensor<int8_t>({-5}, {1, 1})}) == "");
  const HostTensor bools = host_tensor<bool>({false, true, false, false}, {2, 2});
  CHECK(difference({"ReduceMax", {bools, axis}}, {host_tensor<bool>({true, false}, {2, 1})}) == "");
}

TEST_CASE("global pools are reductions over the spatial axes") {
  for (const Shape& shape : {Shape{2, 5, 3, 4}, Shape{1, 96, 5, 5}, Shape{2, 7, 9}, Shape{2, 3}}) {
    const HostTensor x = random_tensor(shape, 8);
    const Axes axes = axes_from(2, shape.rank());
    CAPTURE(shape.text());
    CHECK(difference({"GlobalAveragePool", {x}}, {tensor_of(mean_along(array_of(x), axes))},
                     {1e-6, 1e-6}) == "");
    CHECK(difference({"GlobalMaxPool", {x}},
                     {tensor_of(xt::amax(array_of(x), axes, xt::keep_dims))}) == "");
  }
}

TEST_CASE("softmax and its relatives along every axis, in both layouts") {
  for (const Shape& shape :
       {Shape{2, 5, 3, 4}, Shape{3, 40}, Shape{1, 3, 600}, Shape{2, 513}, Shape{1, 21, 9, 9}}) {
    const HostTensor x = random_tensor(shape, 6, -20, 20);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const Array values = array_of(x);
      const Axes axes = {static_cast<size_t>(axis)};
      const Array logarithm = values - log_sum_exp(values, axes);
      const Array greatest = xt::amax(values, axes, xt::keep_dims);
      CAPTURE(shape.text(), axis);
      const std::vector<GraphBuilder::Attribute> attributes = {
          {"axis", int64_t{axis - shape.rank()}}};
      CHECK(difference({"Softmax", {x}, attributes}, {tensor_of(xt::exp(logarithm))},
                       {3e-6, 1e-9}) == "");
      CHECK(difference({"LogSoftmax", {x}, attributes}, {tensor_of(logarithm)}, {1e-6, 1e-6}) ==
            "");
      CHECK(difference({"Hardmax", {x}, attributes}, {tensor_of(xt::equal(values, greatest))}) ==
            "");
    }
  }
}

TEST_CASE("before operator set 13, softmax runs over all axes from its axis on") {
  const HostTensor x = random_tensor({2, 3, 4, 5}, 6);
  const Array values = array_of(x);
  const HostTensor y = tensor_of(xt::exp(values - log_sum_exp(values, {1, 2, 3})));
  CHECK(difference({"Softmax", {x}, {}, 11}, {y}, {1e-6, 0}) == "");
}

TEST_CASE("the greatest of a long line is subtracted, wherever it stands") {
  for (const Extent peak : {0, 511, 512, 1299}) {
    for (const Shape& shape : {Shape{1, 1300}, Shape{1300, 1}, Shape{1300, 2}, Shape{1300, 3, 2}}) {
      const Extent columns = shape.count() / 1300;
      const bool last = shape[0] == 1;
      std::vector<float> x(size_t(shape.count()), 0), soft(x), logarithm(x.size(), -200);
      for (Extent j = 0; j < columns; ++j) {
        const auto at = static_cast<size_t>(peak * columns + j);
        x[at] = 200;
        soft[at] = 1;
        logarithm[at] = 0;
      }
      const auto tensor = [&](const std::vector<float>& values) {
        return host_tensor(std::span<const float>(values), shape);
      };
      CAPTURE(peak, shape.text());
      const std::vector<GraphBuilder::Attribute> axis = {{"axis", int64_t{last}}};
      CHECK(difference({"Softmax", {tensor(x)}, axis}, {tensor(soft)}, {0, 1e-30}) == "");
      CHECK(difference({"LogSoftmax", {tensor(x)}, axis}, {tensor(logarithm)}) == "");
      CHECK(difference({"Hardmax", {tensor(x)}, axis}, {tensor(soft)}) == "");
    }
  }
}

TEST_CASE("Hardmax takes the first of equals") {
  const HostTensor x = host_tensor<float>({1, 3, 3, 2, 2, 2}, {2, 3});
  CHECK(difference({"Hardmax", {x}}, {host_tensor<float>({0, 1, 0, 1, 0, 0}, {2, 3})}) == "");
}

TEST_CASE("softmax of extreme rows") {
  const HostTensor x = host_tensor<float>(
      {1e30f, -1e30f, 0, -INFINITY, -INFINITY, -INFINITY, NAN, 1, 2, -INFINITY, 5, 5}, {4, 3});
  const HostTensor y =
      host_tensor<float>({1, 0, 0, NAN, NAN, NAN, NAN, NAN, NAN, 0, 0.5f, 0.5f}, {4, 3});
  CHECK(difference({"Softmax", {x}}, {y}) == "");
}

TEST_CASE("ArgMax and ArgMin find the first or the last, along every axis") {
  for (const Shape& shape : {Shape{2, 5, 3, 4}, Shape{700}, Shape{1, 600, 3}}) {
    const HostTensor noise = random_tensor(shape, 2, 0, 9);
    const HostTensor x =
        tensor_of(shape, [&](const Extent* i) { return std::floor(at(noise, i, shape.rank())); });
    for (int axis = 0; axis < shape.rank(); ++axis) {
      for (const bool last : {false, true}) {
        std::vector<int64_t> greatest, least;
        tensor_of(without(shape, 1u << axis), [&](const Extent* i) {
          Line l = line_of(x, 1u << axis, i);
          const auto n = static_cast<int64_t>(l.size());
          if (last) std::reverse(l.begin(), l.end());
          const int64_t high = std::max_element(l.begin(), l.end()) - l.begin();
          const int64_t low = std::min_element(l.begin(), l.end()) - l.begin();
          greatest.push_back(last ? n - 1 - high : high);
          least.push_back(last ? n - 1 - low : low);
          return 0;
        });
        CAPTURE(shape.text(), axis, last);
        const std::vector<GraphBuilder::Attribute> attributes = {
            {"axis", int64_t{axis}}, {"select_last_index", int64_t{last}}};
        const Shape result = without(shape, 1u << axis);
        CHECK(difference({"ArgMax", {x}, attributes},
                         {host_tensor(std::span<const int64_t>(greatest), result)}) == "");
        CHECK(difference({"ArgMin", {x}, attributes},
                         {host_tensor(std::span<const int64_t>(least), result)}) == "");
      }
    }
  }
}

TEST_CASE("TopK sorts, equal elements by position") {
  const HostTensor x = host_tensor<float>({3, 1, 3, -0.0f, 0, 7, NAN, 2, 9, 9}, {2, 5});
  const HostTensor three = host_tensor<int64_t>({3}, {1});
  OperatorCall call = {"TopK", {x, three}, {}, 22, "", 2, true};
  CHECK(difference(call, {host_tensor<float>({3, 3, 1, NAN, 9, 9}, {2, 3}),
                          host_tensor<int64_t>({0, 2, 1, 1, 3, 4}, {2, 3})}) == "");
  call.attributes = {{"largest", int64_t{0}}};
  CHECK(difference(call, {host_tensor<float>({0, 0, 1, 2, 7, 9}, {2, 3}),
                          host_tensor<int64_t>({3, 4, 1, 2, 0, 3}, {2, 3})}) == "");
  call.inputs[1] = host_tensor<int64_t>({6}, {1});
  CHECK(outputs_of(call, false).status().code == Code::kWrongValue);
}

TEST_CASE("CumSum in all its forms, along every axis") {
  const HostTensor x = random_tensor({2, 5, 3, 4}, 2);
  for (int axis = 0; axis < 4; ++axis) {
    for (int form = 0; form < 4; ++form) {
      const bool exclusive = form & 1, reverse = form & 2;
      const HostTensor y = tensor_of(x.shape, [&](const Extent* i) {
        const Line l = line_of(x, 1u << axis, i);
        double total = 0;
        for (Extent j = 0; j < x.shape[axis]; ++j) {
          const bool before = reverse ? j > i[axis] : j < i[axis];
          if (before || (!exclusive && j == i[axis])) total += l[static_cast<size_t>(j)];
        }
        return total;
      });
      CAPTURE(axis, form);
      CHECK(difference({"CumSum",
                        {x, host_tensor<int64_t>({axis - 4}, {1})},
                        {{"exclusive", int64_t{exclusive}}, {"reverse", int64_t{reverse}}},
                        22,
                        "",
                        1,
                        true},
                       {y}, {1e-6, 1e-6}) == "");
    }
  }
  CHECK(
      difference({"CumSum", {host_tensor<int64_t>({1, 2, 3}, {3}), host_tensor<int32_t>({0}, {1})}},
                 {host_tensor<int64_t>({1, 3, 6}, {3})}) == "");
}

TEST_CASE("work along axes refuses what it cannot do") {
  const HostTensor x = random_tensor({2, 3}, 1);
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  CHECK(code({"ReduceSum", {x, host_tensor<int64_t>({2}, {1})}}) != Code::kOk);
  CHECK(code({"ReduceSum", {x, host_tensor<int64_t>({0, 0}, {2})}}) != Code::kOk);
  CHECK(code({"Softmax", {x}, {{"axis", int64_t{2}}}}) != Code::kOk);
  CHECK(code({"ArgMax", {random_tensor({0, 3}, 1)}}) != Code::kOk);
  CHECK(code({"ReduceSum", {host_tensor<bool>({true}, {1})}}) == Code::kUnsupportedType);
}

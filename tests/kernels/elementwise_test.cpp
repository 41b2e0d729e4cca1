// Functions of one, two and three elements, against their definitions in double.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {1e-6, 1e-6};

struct UnaryCase {
  std::string_view op;
  std::function<double(double)> function;
  std::vector<GraphBuilder::Attribute> attributes = {};
  float low = -6, high = 6;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double clamp01(double x) { return std::fmin(std::fmax(x, 0), 1); }

std::vector<UnaryCase> unary_cases() {
  return {
      {"Relu", [](double x) { return std::fmax(x, 0); }},
      {"LeakyRelu", [](double x) { return x < 0 ? 0.3 * x : x; }, {{"alpha", 0.3f}}},
      {"LeakyRelu", [](double x) { return x < 0 ? 0.01 * x : x; }},
      {"Sigmoid", sigmoid},
      {"HardSigmoid", [](double x) { return clamp01(0.2 * x + 0.5); }},
      {"HardSigmoid",
       [](double x) { return clamp01(x / 6 + 0.4); },
       {{"alpha", 1.0f / 6}, {"beta", 0.4f}}},
      {"HardSwish", [](double x) { return x * clamp01(x / 6 + 0.5); }},
      {"Tanh", [](double x) { return std::tanh(x); }},
      {"Erf", [](double x) { return std::erf(x); }},
      {"Gelu", [](double x) { return x / 2 * (1 + std::erf(x * M_SQRT1_2)); }},
      {"Gelu",
       [](double x) {
         return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
       },
       {{"approximate", std::string("tanh")}}},
      {"Elu", [](double x) { return x < 0 ? 0.7 * std::expm1(x) : x; }, {{"alpha", 0.7f}}},
      {"Selu",
       [](double x) {
         return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * std::expm1(x) : x);
       }},
      {"Celu", [](double x) { return x < 0 ? 2 * std::expm1(x / 2) : x; }, {{"alpha", 2.0f}}},
      {"Softplus", [](double x) { return std::log1p(std::exp(x)); }},
      {"Softsign", [](double x) { return x / (1 + std::abs(x)); }},
      {"Mish", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
      {"ThresholdedRelu", [](double x) { return x > 1.5 ? x : 0; }, {{"alpha", 1.5f}}},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Log", [](double x) { return std::log(x); }, {}, 0.001f, 50},
      {"Sqrt", [](double x) { return std::sqrt(x); }, {}, 0, 50},
      {"Reciprocal", [](double x) { return 1 / x; }, {}, 0.5f, 9},
      {"Neg", [](double x) { return -x; }},
      {"Abs", [](double x) { return std::abs(x); }},
      {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},
      {"Round", [](double x) { return std::nearbyint(x); }},
      {"Sign", [](double x) { return (x > 0) - (x < 0); }},
      {"Sin", [](double x) { return std::sin(x); }, {}, -50, 50},
      {"Cos", [](double x) { return std::cos(x); }, {}, -50, 50},
  };
}

}  // namespace

TEST_CASE("functions of one float agree with their definitions around lane and row edges") {
  for (const UnaryCase& unary : unary_cases()) {
    for (const Shape& shape :
         {Shape{1}, Shape{3}, Shape{4}, Shape{5}, Shape{2, 3, 7}, Shape{1, 5, 17, 31}}) {
      CAPTURE(unary.op, shape.text());
      const HostTensor x = random_tensor(shape, 3, unary.low, unary.high);
      const HostTensor y =
          tensor_of(shape, [&](const Extent* i) { return unary.function(at(x, i, shape.rank())); });
      CHECK(difference({unary.op, {x}, unary.attributes}, {y}, kClose) == "");
    }
  }
}

TEST_CASE("functions of one float keep NaN") {
  const HostTensor x = host_tensor<float>({1, NAN, -1, 0.5f, NAN}, {5});
  for (const UnaryCase& unary : unary_cases()) {
    CAPTURE(unary.op);
    const auto outputs = outputs_of({unary.op, {x}, unary.attributes}, false);
    REQUIRE(outputs.ok());
    const auto values = outputs.value()[0].values<float>();
    CHECK(std::isnan(values[1]));
    CHECK(std::isnan(values[4]));
    CHECK(!std::isnan(values[3]));
  }
}

TEST_CASE("Round takes halves to even numbers") {
  const HostTensor x = host_tensor<float>({0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 2.4f, 2.6f}, {7});
  CHECK(difference({"Round", {x}}, {host_tensor<float>({0, 2, 2, 0, -2, 2, 3}, {7})}) == "");
}

TEST_CASE("Clip takes its bounds as attributes, constants or tensors, and lets NaN through") {
  const HostTensor x = host_tensor<float>({-3, -1, 0, NAN, 2, 9}, {6});
  const HostTensor y = host_tensor<float>({-1, -1, 0, NAN, 2, 2.5f}, {6});
  const HostTensor low = host_tensor<float>({-1}, {}), high = host_tensor<float>({2.5f}, {});
  CHECK(difference({"Clip", {x}, {{"min", -1.0f}, {"max", 2.5f}}, 7}, {y}) == "");
  CHECK(difference({"Clip", {x, low, high}}, {y}) == "");
  CHECK(difference({"Clip", {x, low, high}, {}, 22, "", 1, true}, {y}) == "");
  const HostTensor only_high = host_tensor<float>({-3, -1, 0, NAN, 2, 2.5f}, {6});
  CHECK(difference({"Clip", {x, left_out(), high}}, {only_high}) == "");
  const HostTensor integers = host_tensor<int64_t>({-9, 4, 9}, {3});
  CHECK(difference(
            {"Clip", {integers, host_tensor<int64_t>({-2}, {}), host_tensor<int64_t>({5}, {})}},
            {host_tensor<int64_t>({-2, 4, 5}, {3})}) == "");
}

TEST_CASE("functions of two floats broadcast over any axes") {
  struct Case {
    std::string_view op;
    std::function<double(double, double)> function;
  };
  const Case cases[] = {{"Add", [](double a, double b) { return a + b; }},
                        {"Sub", [](double a, double b) { return a - b; }},
                        {"Mul", [](double a, double b) { return a * b; }},
                        {"Div", [](double a, double b) { return a / b; }},
                        {"Pow", [](double a, double b) { return std::pow(a, b); }},
                        {"Max", [](double a, double b) { return std::fmax(a, b); }},
                        {"Min", [](double a, double b) { return std::fmin(a, b); }}};
  const std::pair<Shape, Shape> shapes[] = {
      {{5}, {5}},
      {{2, 3, 4, 5}, {}},
      {{}, {2, 3, 4, 5}},
      {{2, 6, 4, 5}, {1, 6, 1, 1}},
      {{2, 6, 4, 5}, {6, 1, 1}},
      {{2, 6, 4, 5}, {2, 1, 4, 1}},
      {{2, 6, 4, 5}, {5}},
      {{1, 16, 9, 9}, {1, 16, 1, 1}},
      {{3, 1, 5}, {2, 1, 4, 1}},
      {{2, 1, 1, 33}, {1, 3, 2, 1}},
      {{0, 3}, {1, 3}},
      {{700, 3}, {3}},
  };
  for (const Case& binary : cases) {
    for (const auto& [shape_a, shape_b] : shapes) {
      CAPTURE(binary.op, shape_a.text(), shape_b.text());
      const HostTensor a = random_tensor(shape_a, 5, 0.5f, 3),
                       b = random_tensor(shape_b, 6, 0.5f, 3);
      const Shape shape = broadcast(shape_a, shape_b).value();
      const HostTensor y = tensor_of(shape, [&](const Extent* i) {
        return binary.function(at(a, i, shape.rank()), at(b, i, shape.rank()));
      });
      CHECK(difference({binary.op, {a, b}}, {y}, kClose) == "");
      CHECK(difference({binary.op, {a, b}, {}, 22, "", 1, true}, {y}, kClose) == "");
    }
  }
}

TEST_CASE("Max and Min keep a NaN from either side") {
  const HostTensor a = host_tensor<float>({1, NAN, 3}, {3}),
                   b = host_tensor<float>({NAN, 2, 4}, {3});
  CHECK(difference({"Max", {a, b}}, {host_tensor<float>({NAN, NAN, 4}, {3})}) == "");
  CHECK(difference({"Min", {a, b}}, {host_tensor<float>({NAN, NAN, 3}, {3})}) == "");
}

TEST_CASE("Sum, Mean, Max and Min take any number of tensors") {
  const HostTensor a = random_tensor({2, 3, 1}, 1), b = random_tensor({3, 5}, 2),
                   c = random_tensor({5}, 3);
  const auto expected = [&](auto function) {
    return tensor_of({2, 3, 5}, [&](const Extent* i) {
      return function(at(a, i, 3), at(b, i, 3), at(c, i, 3));
    });
  };
  CHECK(difference({"Sum", {a, b, c}},
                   {expected([](double x, double y, double z) { return x + y + z; })},
                   kClose) == "");
  CHECK(difference({"Mean", {a, b, c}},
                   {expected([](double x, double y, double z) { return (x + y + z) / 3; })},
                   kClose) == "");
  CHECK(difference({"Max", {a, b, c}}, {expected([](double x, double y, double z) {
                     return std::fmax(x, std::fmax(y, z));
                   })}) == "");
  CHECK(difference({"Mean", {a}}, {a}) == "");
}

TEST_CASE("integers wrap around, and division by zero gives zero") {
  const HostTensor a = host_tensor<int32_t>({7, -7, 5, INT32_MIN, INT32_MAX, INT32_MIN}, {6});
  const HostTensor b = host_tensor<int32_t>({2, 2, 0, -1, 1, 3}, {6});
  CHECK(difference({"Div", {a, b}},
                   {host_tensor<int32_t>({3, -3, 0, INT32_MIN, INT32_MAX, INT32_MIN / 3}, {6})}) ==
        "");
  CHECK(difference({"Add", {a, b}},
                   {host_tensor<int32_t>({9, -5, 5, INT32_MAX, INT32_MIN, INT32_MIN + 3}, {6})}) ==
        "");
  CHECK(difference({"Mod", {a, b}}, {host_tensor<int32_t>({1, 1, 0, 0, 0, 1}, {6})}) == "");
  CHECK(difference({"Mod", {a, b}, {{"fmod", int64_t{1}}}},
                   {host_tensor<int32_t>({1, -1, 0, 0, 0, -2}, {6})}) == "");
  const HostTensor c = host_tensor<int64_t>({INT64_MIN, 3, -2}, {3});
  const HostTensor d = host_tensor<int64_t>({-1, -1, 5}, {3});
  CHECK(difference({"Div", {c, d}}, {host_tensor<int64_t>({INT64_MIN, -3, 0}, {3})}) == "");
  CHECK(difference({"Pow", {d, host_tensor<int64_t>({3, 62, 27}, {3})}},
                   {host_tensor<int64_t>({-1, 1, 7450580596923828125}, {3})}) == "");
  const HostTensor bytes = host_tensor<uint8_t>({200, 3}, {2});
  CHECK(difference({"Add", {bytes, bytes}}, {host_tensor<uint8_t>({144, 6}, {2})}) == "");
}

TEST_CASE("comparisons, logic and Where") {
  const HostTensor a = host_tensor<float>({1, 2, 3, NAN}, {2, 2}),
                   b = host_tensor<float>({2, 3}, {2});
  CHECK(difference({"Less", {a, b}}, {host_tensor<bool>({true, true, false, false}, {2, 2})}) ==
        "");
  CHECK(difference({"GreaterOrEqual", {a, b}},
                   {host_tensor<bool>({false, false, true, false}, {2, 2})}) == "");
  CHECK(difference({"Equal", {a, a}}, {host_tensor<bool>({true, true, true, false}, {2, 2})}) ==
        "");
  const HostTensor p = host_tensor<bool>({true, false, true, false}, {4});
  const HostTensor q = host_tensor<bool>({true, true, false, false}, {4});
  CHECK(difference({"And", {p, q}}, {host_tensor<bool>({true, false, false, false}, {4})}) == "");
  CHECK(difference({"Or", {p, q}}, {host_tensor<bool>({true, true, true, false}, {4})}) == "");
  CHECK(difference({"Xor", {p, q}}, {host_tensor<bool>({false, true, true, false}, {4})}) == "");
  CHECK(difference({"Not", {p}}, {host_tensor<bool>({false, true, false, true}, {4})}) == "");
  const HostTensor x = random_tensor({2, 4, 3, 5}, 1), y = random_tensor({4, 1, 1}, 2);
  const HostTensor which = host_tensor<bool>({true, false, true}, {3, 1});
  CHECK(difference({"Where", {which, x, y}}, {tensor_of({2, 4, 3, 5}, [&](const Extent* i) {
                     return at(which, i, 4) != 0 ? at(x, i, 4) : at(y, i, 4);
                   })}) == "");
  CHECK(difference({"IsNaN", {a}}, {host_tensor<bool>({false, false, false, true}, {2, 2})}) == "");
  const HostTensor limits = host_tensor<float>({INFINITY, -INFINITY, NAN, 1}, {4});
  CHECK(difference({"IsInf", {limits}}, {host_tensor<bool>({true, true, false, false}, {4})}) ==
        "");
  CHECK(difference({"IsInf", {limits}, {{"detect_positive", int64_t{0}}}},
                   {host_tensor<bool>({false, true, false, false}, {4})}) == "");
}

TEST_CASE("element-wise operators refuse what they cannot do") {
  const HostTensor f = random_tensor({2, 3}, 1), i = host_tensor<int64_t>({1, 2, 3}, {3});
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  CHECK(code({"Add", {f, i}}) == Code::kWrongType);
  CHECK(code({"Add", {f, random_tensor({2, 4}, 1)}}) == Code::kWrongShape);
  CHECK(code({"Exp", {i}}) == Code::kUnsupportedType);
  CHECK(code({"And", {f, f}}) == Code::kUnsupportedType);
  CHECK(code({"Where", {f, f, f}}) == Code::kWrongType);
  CHECK(code({"Clip", {f, random_tensor({2}, 1)}}) == Code::kWrongShape);
  CHECK(code({"PRelu", {f, random_tensor({4, 2, 3}, 1)}}) == Code::kWrongShape);
}

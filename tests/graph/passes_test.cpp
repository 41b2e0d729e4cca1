// What the passes leave of a graph, and that it still computes the same. "The same" is the graph
// without the passes, whose operators the conformance tests compare with ONNX.
#include <catch2/catch.hpp>
#include <map>

#include "graph/operator.h"
#include "graph/optimize.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

std::map<std::string, int> operators_of(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const Node& node : graph.nodes) ++counts[std::string(node.op->name)];
  return counts;
}

TensorId random_constant(GraphBuilder& g, const Shape& shape, uint32_t seed, float low = -1,
                         float high = 1) {
  const auto values = random_floats(static_cast<size_t>(shape.count()), seed, low, high);
  return g.constant(std::span<const float>(values), shape);
}

TensorId scalar(GraphBuilder& g, float value, bool rank_one = false) {
  return g.constant(std::span<const float>(&value, 1), rank_one ? Shape{1} : Shape{});
}

// Runs with and without the passes and compares; gives the operators that are left.
std::map<std::string, int> check_same(const Graph& graph, const Shape& shape) {
  const auto values = random_floats(static_cast<size_t>(shape.count()), 99, -4, 4);
  const HostTensor input = host_tensor(std::span<const float>(values), shape);
  RunOptions plain;
  plain.optimized = false;
  const auto expected = run(graph, {input}, plain);
  REQUIRE(expected.status().message == "");
  const auto actual = run(graph, {input});
  REQUIRE(actual.status().message == "");
  REQUIRE(actual.value().size() == expected.value().size());
  for (size_t i = 0; i < actual.value().size(); ++i) {
    CHECK(difference(actual.value()[i], expected.value()[i], {1e-4, 1e-5}) == "");
  }
  Graph copy = graph;
  REQUIRE(optimize(copy).ok());
  return operators_of(copy);
}

}  // namespace

TEST_CASE("a batch norm and learned scalars after a convolution move into its weights") {
  GraphBuilder g;
  const TensorId x = g.input("x", {2, 6, 7, 5});
  const Shape weight = GENERATE(Shape{4, 6, 3, 3}, Shape{6, 1, 3, 3});
  const int64_t groups = 6 / weight[1];
  const Shape channels{weight[0]};
  TensorId y = g.node("Conv", {x, random_constant(g, weight, 1)}, {{"group", groups}});
  y = g.node("BatchNormalization",
             {y, random_constant(g, channels, 2), random_constant(g, channels, 3),
              random_constant(g, channels, 4), random_constant(g, channels, 5, 0.5f, 2)});
  y = g.node("Mul", {scalar(g, 0.94f, true), y});
  y = g.node("Add", {y, scalar(g, 0.5f, true)});
  const auto left = check_same(g.build({y}), {2, 6, 7, 5});
  CHECK(left == std::map<std::string, int>{{"Conv", 1}});
}

TEST_CASE("affine maps per channel move into transposed convolutions, grouped ones too") {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 6, 4, 5});
  const int64_t groups = GENERATE(1, 2);
  TensorId y = g.node("ConvTranspose", {x, random_constant(g, {6, 4, 2, 2}, 1)},
                      {{"strides", std::vector<int64_t>{2, 2}}, {"group", groups}});
  const auto channels = static_cast<Extent>(4 * groups);
  y = g.node("Add", {y, random_constant(g, {1, channels, 1, 1}, 2)});
  y = g.node("Mul", {y, random_constant(g, {channels, 1, 1}, 3)});
  CHECK(check_same(g.build({y}), {1, 6, 4, 5}) == std::map<std::string, int>{{"ConvTranspose", 1}});
}

TEST_CASE("a constant that is not per channel stays where it is") {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 4, 5, 4});
  TensorId y = g.node("Conv", {x, random_constant(g, {4, 4, 1, 1}, 1)});
  // Extents (4) line up with the width, not with the channels.
  y = g.node("Mul", {y, random_constant(g, {4}, 2)});
  CHECK(check_same(g.build({y}), {1, 4, 5, 4}) ==
        std::map<std::string, int>{{"Conv", 1}, {"Mul", 1}});
}

TEST_CASE("a convolution that is read twice keeps its weights") {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 4, 5, 5});
  const TensorId c = g.node("Conv", {x, random_constant(g, {4, 4, 1, 1}, 1)});
  const TensorId y = g.node("Mul", {c, scalar(g, 3)});
  CHECK(check_same(g.build({y, c}), {1, 4, 5, 5}).at("Mul") == 1);
}

TEST_CASE("the bias of a product moves into it") {
  GraphBuilder g;
  const TensorId x = g.input("x", {2, 3, 6});
  TensorId y = g.node("MatMul", {x, random_constant(g, {6, 9}, 1)});
  y = g.node("Add", {random_constant(g, {9}, 2), y});
  CHECK(check_same(g.build({y}), {2, 3, 6}) == std::map<std::string, int>{{"MatMul", 1}});
}

TEST_CASE("activations that were exported as formulas become one node") {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 5, 3, 3});
  const auto clipped = [&] {
    return g.node("Clip", {g.node("Add", {x, scalar(g, 3)}), scalar(g, 0), scalar(g, 6)});
  };
  const auto erf = [&] {
    return g.node("Add",
                  {g.node("Erf", {g.node("Div", {x, scalar(g, 1.41421356f)})}), scalar(g, 1)});
  };
  TensorId y = kNoTensor;
  SECTION("hard swish, product first") {
    y = g.node("Div", {g.node("Mul", {x, clipped()}), scalar(g, 6)});
  }
  SECTION("hard swish, quotient first") {
    y = g.node("Mul", {g.node("Div", {clipped(), scalar(g, 6)}), x});
  }
  SECTION("hard sigmoid") { y = g.node("Mul", {clipped(), scalar(g, 1.0f / 6)}); }
  SECTION("SiLU") { y = g.node("Mul", {x, g.node("Sigmoid", {x})}); }
  SECTION("SiLU of a product with one") {
    y = g.node("Mul", {x, g.node("Sigmoid", {g.node("Mul", {x, scalar(g, 1)})})});
  }
  SECTION("Mish") { y = g.node("Mul", {x, g.node("Tanh", {g.node("Softplus", {x})})}); }
  SECTION("GELU, half last") { y = g.node("Mul", {g.node("Mul", {x, erf()}), scalar(g, 0.5f)}); }
  SECTION("GELU, half first") { y = g.node("Mul", {g.node("Mul", {scalar(g, 0.5f), x}), erf()}); }
  SECTION("GELU, half with the error function") {
    y = g.node("Mul", {x, g.node("Mul", {erf(), scalar(g, 0.5f)})});
  }
  CHECK(check_same(g.build({y}), {1, 5, 3, 3}) == std::map<std::string, int>{{"Activate", 1}});
}

TEST_CASE("a formula over two different tensors is no activation") {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 5, 3, 3});
  const TensorId other = g.node("Neg", {x});
  const TensorId y = g.node("Mul", {other, g.node("Sigmoid", {x})});
  CHECK(check_same(g.build({y}), {1, 5, 3, 3}).count("Activate") == 0);
}

TEST_CASE("a layer norm that was exported as its formula becomes one node") {
  GraphBuilder g(13);
  const TensorId x = g.input("x", {2, 4, 10});
  const auto mean = [&](TensorId of) {
    return g.node("ReduceMean", {of}, {{"axes", std::vector<int64_t>{-1}}});
  };
  const TensorId centred = g.node("Sub", {x, mean(x)});
  const TensorId variance = mean(g.node("Pow", {centred, scalar(g, 2)}));
  TensorId y =
      g.node("Div", {centred, g.node("Sqrt", {g.node("Add", {variance, scalar(g, 1e-5f)})})});
  y = g.node("Mul", {y, random_constant(g, {10}, 1)});
  y = g.node("Add", {y, random_constant(g, {10}, 2)});
  CHECK(check_same(g.build({y}), {2, 4, 10}) ==
        std::map<std::string, int>{{"LayerNormalization", 1}});
}

TEST_CASE("constants fold, no-ops and unread nodes go, and what is kept stays readable") {
  GraphBuilder g;
  const TensorId x = g.input("x", {2, 3});
  const TensorId same = g.node("Identity", {g.node("Add", {x, scalar(g, 0)})});
  const TensorId folded = g.node("Exp", {g.node("Neg", {random_constant(g, {3}, 4)})});
  const TensorId inner = g.node("Mul", {same, folded});
  g.node("Sqrt", {x});
  const TensorId y = g.node("Tanh", {g.node("Identity", {inner})});
  Graph graph = g.build({y});
  CHECK(check_same(graph, {2, 3}) == std::map<std::string, int>{{"Mul", 1}, {"Tanh", 1}});
}

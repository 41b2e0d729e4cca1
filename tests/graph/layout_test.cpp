// The layouts in which a plan lets tensors lie: no conversion that a neighbour makes needless.
#include <catch2/catch.hpp>

#include "graph/plan.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Extent kChannels = 8;
const Shape kMap = {1, kChannels, 5, 6};

TensorId convolution(GraphBuilder& g, TensorId x) {
  const std::vector<float> weights(kChannels * kChannels, 0.5f);
  return g.node("Conv", {x, g.constant(weights, {kChannels, kChannels, 1, 1})});
}

// A graph over x (1, 8, 5, 6), row by row as inputs are, and over a gate (1, 1, 5, 6).
int tasks_of(std::vector<TensorId> (*build)(GraphBuilder&, TensorId x, TensorId gate)) {
  GraphBuilder g;
  const TensorId x = g.input("x", kMap), gate = g.input("gate", {1, 1, 5, 6});
  const Graph graph = g.build(build(g, x, gate));
  Request request;
  request.inputs = {kMap, {1, 1, 5, 6}};
  request.outputs = graph.outputs;
  WeightCache cache;
  PlanBuilder plan(graph, cache, request, {});
  REQUIRE(plan.build_stage().ok());
  return static_cast<int>(plan.stage_end(0));
}

}  // namespace

TEST_CASE("an input that a convolution has converted is multiplied as the next one wants it") {
  // x converted, a convolution, x * gate, a convolution, the largest element of each result.
  const int tasks = tasks_of([](GraphBuilder& g, TensorId x, TensorId gate) {
    const TensorId first = convolution(g, x);
    const TensorId second = convolution(g, g.node("Mul", {x, gate}));
    return std::vector{g.node("ReduceMax", {first}), g.node("ReduceMax", {second})};
  });
  CHECK(tasks == 6);
}

TEST_CASE("an input that a convolution has converted is multiplied row by row for an output") {
  // x converted, a convolution, x * gate, and the largest element of the convolution's result.
  const int tasks = tasks_of([](GraphBuilder& g, TensorId x, TensorId gate) {
    return std::vector{g.node("ReduceMax", {convolution(g, x)}), g.node("Mul", {x, gate})};
  });
  CHECK(tasks == 4);
}

TEST_CASE("a convolution's result that was converted is multiplied row by row for an output") {
  // x converted, a convolution, its result converted to be flattened, and multiplied.
  const int tasks = tasks_of([](GraphBuilder& g, TensorId x, TensorId gate) {
    const TensorId y = convolution(g, x);
    const TensorId flat = g.node("Reshape", {y, g.integers({1, -1})});
    return std::vector{flat, g.node("Mul", {y, gate})};
  });
  CHECK(tasks == 4);
}

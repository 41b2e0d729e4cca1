// Blocks are found in graphs as exporters write them, and the fused steps compute what the graph
// did.
#include <catch2/catch.hpp>

#include "attention/mechanism.h"
#include "graph/operator.h"
#include "graph/optimize.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

TensorId random_constant(GraphBuilder& g, const Shape& shape, uint32_t seed) {
  const auto values = random_floats(static_cast<size_t>(shape.count()), seed);
  return g.constant(std::span<const float>(values), shape);
}

struct Recognized {
  std::vector<Block> blocks;
  std::vector<HostTensor> outputs;  // and the first block's map, after them
};

// Runs the graph with recognition and compares with the run without; `map` is the tensor of the
// plain graph that the first block's map must equal.
Recognized check_recognized(Graph graph, TensorId map, std::span<const HostTensor> inputs) {
  Graph plain = graph;
  plain.outputs.push_back(map);
  auto reference = Session::create(std::move(plain));
  REQUIRE(reference.status().message == "");
  const auto expected = run(*reference.value(), inputs);
  REQUIRE(expected.status().message == "");

  OptimizeOptions options;
  options.recognize = attention::recognize;
  REQUIRE(optimize(graph, options).message == "");
  Recognized result;
  result.blocks = graph.blocks;
  REQUIRE(result.blocks.size() == 1);
  auto session = Session::create(std::move(graph));
  REQUIRE(session.status().message == "");
  Request request;
  request.outputs = session.value()->graph().outputs;
  request.blocks = {0};
  const auto actual = run(*session.value(), inputs, request);
  REQUIRE(actual.status().message == "");
  REQUIRE(actual.value().size() == expected.value().size());
  for (size_t i = 0; i < actual.value().size(); ++i) {
    CHECK(difference(actual.value()[i], expected.value()[i], {1e-4, 1e-5}) == "");
  }
  // The map alone, as bits.
  request.outputs = {};
  const auto map_alone = run(*session.value(), inputs, request);
  REQUIRE(map_alone.status().message == "");
  REQUIRE(map_alone.value().size() == 1);
  CHECK(map_alone.value()[0].data == actual.value().back().data);
  // Nobody asks: the same bits.
  const auto without_map = run(*session.value(), inputs);
  REQUIRE(without_map.status().message == "");
  CHECK(without_map.value()[0].data == actual.value()[0].data);
  result.outputs = actual.value();
  return result;
}

HostTensor random_tensor(const Shape& shape, uint32_t seed) {
  const auto values = random_floats(static_cast<size_t>(shape.count()), seed);
  return host_tensor(std::span<const float>(values), shape);
}

}  // namespace

TEST_CASE("squeeze-excite of 1x1 convolutions is found, in both forms of PP-OCR") {
  const bool residual = GENERATE(false, true);
  const Extent channels = GENERATE(3, 8, 18);
  GraphBuilder g;
  const TensorId image = g.input("x", {2, channels, 5, 7});
  const TensorId x = g.node("Neg", {image});
  TensorId s = g.node("GlobalAveragePool", {x});
  s = g.node("Conv", {s, random_constant(g, {2, channels, 1, 1}, 1), random_constant(g, {2}, 2)});
  s = g.node("Relu", {s});
  s = g.node("Conv",
             {s, random_constant(g, {channels, 2, 1, 1}, 3), random_constant(g, {channels}, 4)});
  s = g.node("HardSigmoid", {s}, {{"alpha", 0.2f}, {"beta", 0.5f}});
  TensorId y = g.node("Mul", {x, s});
  if (residual) y = g.node("Add", {x, y});
  const HostTensor input = random_tensor({2, channels, 5, 7}, 5);
  const Recognized found = check_recognized(g.build({y}), s, {&input, 1});
  CHECK(found.blocks[0].id == "se.0");
  CHECK(found.blocks[0].mechanism == "squeeze-excite");
  CHECK(found.blocks[0].kind == "channel");
  CHECK(found.outputs[1].shape == Shape{2, channels, 1, 1});
}

TEST_CASE("squeeze-excite of Linear layers is found, as PyTorch exports it") {
  GraphBuilder g(13);
  const TensorId x = g.input("x", {2, 8, 4, 4});
  TensorId s = g.node("GlobalAveragePool", {x});
  s = g.node("Flatten", {s});
  s = g.node("Gemm", {s, random_constant(g, {4, 8}, 1)}, {{"transB", int64_t{1}}});
  s = g.node("Mul", {s, g.node("Sigmoid", {s})});
  s = g.node("MatMul", {s, random_constant(g, {4, 8}, 3)});
  s = g.node("Add", {s, random_constant(g, {8}, 4)});
  s = g.node("Sigmoid", {s});
  s = g.node("Reshape", {s, g.integers({-1, 8, 1, 1})});
  const TensorId y = g.node("Mul", {s, x});
  const HostTensor input = random_tensor({2, 8, 4, 4}, 5);
  check_recognized(g.build({y}), s, {&input, 1});
}

TEST_CASE("a gate of another tensor is no squeeze-excite") {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 4, 4, 4});
  const TensorId other = g.node("Neg", {x});
  TensorId s = g.node("GlobalAveragePool", {other});
  s = g.node("Relu", {g.node("Conv", {s, random_constant(g, {2, 4, 1, 1}, 1)})});
  s = g.node("Sigmoid", {g.node("Conv", {s, random_constant(g, {4, 2, 1, 1}, 3)})});
  Graph graph = g.build({g.node("Mul", {x, s})});
  OptimizeOptions options;
  options.recognize = attention::recognize;
  REQUIRE(optimize(graph, options).ok());
  CHECK(graph.blocks.empty());
}

TEST_CASE("self-attention over packed q, k, v is found as SVTR exports it") {
  constexpr Extent kHeads = 2, kWidth = 5, kLength = 7;
  constexpr Extent kChannels = kHeads * kWidth;
  GraphBuilder g;
  const TensorId x = g.input("x", {2, kLength, kChannels});
  TensorId packed = g.node("MatMul", {x, random_constant(g, {kChannels, 3 * kChannels}, 1)});
  packed = g.node("Add", {packed, random_constant(g, {3 * kChannels}, 2)});
  const TensorId length =
      g.node("Slice", {g.node("Shape", {x}), g.integers({1}), g.integers({2}), g.integers({0})});
  const TensorId target =
      g.node("Concat",
             {g.integers({0}), length, g.integers({3}), g.integers({kHeads}), g.integers({kWidth})},
             {{"axis", int64_t{0}}});
  const TensorId parts = g.node("Transpose", {g.node("Reshape", {packed, target})},
                                {{"perm", std::vector<int64_t>{2, 0, 3, 1, 4}}});
  const auto part = [&](int64_t index) {
    const TensorId taken =
        g.node("Slice", {parts, g.integers({index}), g.integers({index + 1}), g.integers({0})});
    return g.node("Squeeze", {taken, g.integers({0})});
  };
  const float scale = 0.4472136f;
  const TensorId q = g.node("Mul", {part(0), g.constant(std::span<const float>(&scale, 1), {})});
  const TensorId k = g.node("Transpose", {part(1)}, {{"perm", std::vector<int64_t>{0, 1, 3, 2}}});
  const TensorId map = g.node("Softmax", {g.node("MatMul", {q, k})}, {{"axis", int64_t{3}}});
  TensorId y = g.node("MatMul", {map, part(2)});
  y = g.node("Transpose", {y}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  y = g.node("Reshape", {y, g.node("Concat", {g.integers({0}), length, g.integers({kChannels})},
                                   {{"axis", int64_t{0}}})});
  const HostTensor input = random_tensor({2, kLength, kChannels}, 5);
  const Recognized found = check_recognized(g.build({y}), map, {&input, 1});
  CHECK(found.blocks[0].id == "mha.0");
  CHECK(found.blocks[0].kind == "self");
  CHECK(found.blocks[0].input == x);
  CHECK(found.outputs[1].shape == Shape{2, kHeads, kLength, kLength});
}

TEST_CASE("cross-attention over three projections with a mask is found as PyTorch exports it") {
  constexpr Extent kHeads = 3, kWidth = 4, kQueries = 5, kKeys = 6;
  constexpr Extent kChannels = kHeads * kWidth;
  GraphBuilder g;
  const TensorId x = g.input("x", {1, kQueries, kChannels});
  const TensorId memory = g.input("memory", {1, kKeys, kChannels});
  const TensorId mask = g.input("mask", {1, 1, kQueries, kKeys});
  const auto heads = [&](TensorId from, uint32_t seed, std::vector<int64_t> permutation) {
    const TensorId projected =
        g.node("MatMul", {from, random_constant(g, {kChannels, kChannels}, seed)});
    return g.node("Transpose",
                  {g.node("Reshape", {projected, g.integers({0, -1, kHeads, kWidth})})},
                  {{"perm", std::move(permutation)}});
  };
  const TensorId q = heads(x, 1, {0, 2, 1, 3});
  const TensorId k = heads(memory, 2, {0, 2, 3, 1});
  const TensorId v = heads(memory, 3, {0, 2, 1, 3});
  const float root = 2;
  const TensorId scores =
      g.node("Div", {g.node("MatMul", {q, k}), g.constant(std::span<const float>(&root, 1), {})});
  const TensorId map = g.node("Softmax", {g.node("Add", {scores, mask})});
  TensorId y = g.node("Transpose", {g.node("MatMul", {map, v})},
                      {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  y = g.node("Reshape", {y, g.integers({0, 0, -1})});
  const std::vector<HostTensor> inputs = {random_tensor({1, kQueries, kChannels}, 5),
                                          random_tensor({1, kKeys, kChannels}, 6),
                                          random_tensor({1, 1, kQueries, kKeys}, 7)};
  const Recognized found = check_recognized(g.build({y}), map, inputs);
  CHECK(found.blocks[0].kind == "cross");
}

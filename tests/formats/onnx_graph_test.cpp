// What a valid ONNX file becomes.
#include <catch2/catch.hpp>

#include "formats/onnx.h"
#include "graph/operator.h"
#include "support/onnx_writer.h"

using namespace heed;
using namespace heed::test;

namespace {

Graph read(const Proto& file) {
  Result<Graph> graph = read_onnx(as_bytes(file.data()), nullptr);
  INFO(graph.status().message);
  REQUIRE(graph.ok());
  return std::move(graph.value());
}

std::vector<std::string> names_of_nodes(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

Proto relu_graph() {
  return Proto()
      .message(kGraphNode, node("Relu", {"x"}, {"y"}))
      .message(kGraphInput, tensor_value("x", kOnnxFloat, {-1, 3, 8, -1}))
      .message(kGraphOutput, tensor_value("y", kOnnxFloat, {-1, 3, 8, -1}));
}

}  // namespace

TEST_CASE("inputs and outputs keep their names, types and symbolic dimensions", "[onnx]") {
  const Graph graph = read(model(relu_graph()));
  REQUIRE(graph.inputs.size() == 1);
  REQUIRE(graph.outputs.size() == 1);
  const Tensor& input = graph.tensor(graph.inputs[0]);
  CHECK(input.name == "x");
  CHECK(input.dtype == DType::kF32);
  CHECK(input.ranked);
  REQUIRE(input.dims.size() == 4);
  CHECK(input.dims[0].extent == -1);
  CHECK(input.dims[0].name == "d0");
  CHECK(input.dims[1].extent == 3);
  CHECK(input.dims[3].name == "d3");
  CHECK(graph.tensor(graph.outputs[0]).name == "y");
  CHECK(graph.tensor(graph.outputs[0]).dims.size() == 4);
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].op == find_operator("", "Relu"));
  CHECK(graph.nodes[0].version == 17);
  CHECK(graph.nodes[0].name == "y");
}

TEST_CASE("the domain ai.onnx is ONNX's own", "[onnx]") {
  const Proto graph = Proto()
                          .message(kGraphNode, node("Relu", {"x"}, {"y"}, {}, "ai.onnx"))
                          .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
                          .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2}));
  const Proto file = Proto().integer(1, 8).message(7, graph).message(
      8, Proto().bytes(1, "ai.onnx").integer(2, 13));
  CHECK(read(file).nodes[0].version == 13);
}

TEST_CASE("nodes in any order are sorted, and keep their order where it was right", "[onnx]") {
  const Proto graph = Proto()
                          .message(kGraphNode, node("Add", {"b", "c"}, {"d"}))
                          .message(kGraphNode, node("Relu", {"a"}, {"c"}))
                          .message(kGraphNode, node("Relu", {"a"}, {"b"}))
                          .message(kGraphNode, node("Relu", {"x"}, {"a"}))
                          .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
                          .message(kGraphOutput, tensor_value("d", kOnnxFloat, {2}));
  CHECK(names_of_nodes(read(model(graph))) == std::vector<std::string>{"a", "c", "b", "d"});
}

TEST_CASE("a chain of 100000 nodes, last first, is read without deep recursion", "[onnx]") {
  Proto graph;
  constexpr int kLength = 100000;
  for (int i = kLength; i > 0; --i) {
    graph.message(kGraphNode,
                  node("Relu", {"t" + std::to_string(i - 1)}, {"t" + std::to_string(i)}));
  }
  graph.message(kGraphInput, tensor_value("t0", kOnnxFloat, {2}));
  graph.message(kGraphOutput, tensor_value("t" + std::to_string(kLength), kOnnxFloat, {2}));
  const Graph read_graph = read(model(graph));
  REQUIRE(read_graph.nodes.size() == kLength);
  CHECK(read_graph.nodes.front().name == "t1");
}

TEST_CASE("an initializer that is listed among the inputs is no input", "[onnx]") {
  const Proto graph =
      Proto()
          .message(kGraphNode, node("Add", {"x", "w"}, {"y"}))
          .message(kGraphInitializer, raw_tensor("w", kOnnxFloat, {2}, std::vector<float>{1, 2}))
          .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
          .message(kGraphInput, tensor_value("w", kOnnxFloat, {2}))
          .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2}));
  const Graph read_graph = read(model(graph));
  CHECK(read_graph.inputs.size() == 1);
  REQUIRE(read_graph.constant(read_graph.nodes[0].input(1)));
}

TEST_CASE("Constant nodes become constants, in each of their forms", "[onnx]") {
  Proto floats = Proto().bytes(1, "value_floats").packed_floats(7, {1, 2, 3}).integer(20, 6);
  const Proto graph =
      Proto()
          .message(kGraphNode,
                   node("Constant", {}, {"a"},
                        {tensor_attribute("value", raw_tensor("", kOnnxInt64, {1, 2},
                                                              std::vector<int64_t>{7, 8}))}))
          .message(kGraphNode, node("Constant", {}, {"b"},
                                    {Proto().bytes(1, "value_float").real(2, 2.5f).integer(20, 1)}))
          .message(kGraphNode, node("Constant", {}, {"c"}, {integer_attribute("value_int", -3)}))
          .message(kGraphNode,
                   node("Constant", {}, {"d"}, {integers_attribute("value_ints", {4, 5})}))
          .message(kGraphNode, node("Constant", {}, {"e"}, {floats}))
          .message(kGraphOutput, tensor_value("a", kOnnxInt64, {1, 2}))
          .message(kGraphOutput, tensor_value("b", kOnnxFloat, {}))
          .message(kGraphOutput, tensor_value("c", kOnnxInt64, {}))
          .message(kGraphOutput, tensor_value("d", kOnnxInt64, {2}))
          .message(kGraphOutput, tensor_value("e", kOnnxFloat, {3}));
  const Graph read_graph = read(model(graph));
  // Each output is a copy of its constant.
  REQUIRE(read_graph.nodes.size() == 5);
  const auto value = [&](size_t i) { return read_graph.constant(read_graph.nodes[i].input(0)); };
  CHECK(value(0)->shape == Shape{1, 2});
  CHECK(value(0)->values<int64_t>()[1] == 8);
  CHECK(value(1)->shape == Shape{});
  CHECK(value(1)->values<float>()[0] == 2.5f);
  CHECK(value(2)->values<int64_t>()[0] == -3);
  CHECK(value(3)->shape == Shape{2});
  CHECK(value(4)->values<float>()[2] == 3);
}

TEST_CASE("attributes of every type are read", "[onnx]") {
  const Proto real = Proto().bytes(1, "alpha").real(2, 0.5f).integer(20, 1);
  const Proto text = Proto().bytes(1, "mode").bytes(4, "linear").integer(20, 3);
  const Proto reals =
      Proto().bytes(1, "scales").real(7, 1).real(7, 2).integer(20, 6);  // not packed
  const Proto packed = Proto().bytes(1, "pads").packed_integers(8, {1, -1}).integer(20, 7);
  const Proto untyped = Proto().bytes(1, "axis").integer(3, -1);
  const Proto graph =
      Proto()
          .message(kGraphNode, node("Relu", {"x"}, {"y"}, {real, text, reals, packed, untyped}))
          .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
          .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2}));
  const Graph read_graph = read(model(graph));
  const Attributes& attributes = *read_graph.nodes[0].attributes;
  CHECK(attributes.real("alpha", 0) == 0.5f);
  CHECK(attributes.text("mode", "") == "linear");
  REQUIRE(attributes.reals("scales").size() == 2);
  CHECK(attributes.reals("scales")[1] == 2);
  REQUIRE(attributes.integers("pads").size() == 2);
  CHECK(attributes.integers("pads")[1] == -1);
  CHECK(attributes.integer("axis", 0) == -1);
}

TEST_CASE("a left-out optional input in the middle stays a gap, and one at the end goes",
          "[onnx]") {
  const Proto graph =
      Proto()
          .message(kGraphNode, node("Clip", {"x", "", "top", ""}, {"y"}))
          .message(kGraphInitializer, raw_tensor("top", kOnnxFloat, {}, std::vector<float>{6}))
          .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
          .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2}));
  const Graph read_graph = read(model(graph));
  REQUIRE(read_graph.nodes[0].inputs.size() == 3);
  CHECK(read_graph.nodes[0].inputs[1] == kNoTensor);
}

TEST_CASE("an output that is an input of the graph becomes a copy", "[onnx]") {
  const Proto graph = Proto()
                          .message(kGraphInput, tensor_value("x", kOnnxInt64, {2}))
                          .message(kGraphOutput, tensor_value("x", kOnnxInt64, {2}));
  const Graph read_graph = read(model(graph));
  REQUIRE(read_graph.nodes.size() == 1);
  CHECK(read_graph.nodes[0].op->name == "Identity");
  CHECK(read_graph.outputs[0] != read_graph.inputs[0]);
}

TEST_CASE("what the branches of If read from outside become inputs of the node", "[onnx]") {
  const Proto then_branch = Proto()
                                .message(kGraphNode, node("Relu", {"x"}, {"then_y"}))
                                .message(kGraphOutput, tensor_value("then_y", kOnnxFloat, {2}));
  const Proto inner_then = Proto()
                               .message(kGraphNode, node("Add", {"w", "else_t"}, {"inner_y"}))
                               .message(kGraphOutput, tensor_value("inner_y", kOnnxFloat, {2}));
  const Proto inner_else = Proto().message(kGraphOutput, tensor_value("else_t", kOnnxFloat, {2}));
  const Proto else_branch =
      Proto()
          .message(kGraphNode, node("Relu", {"x"}, {"else_t"}))
          .message(kGraphNode, node("If", {"c"}, {"else_y"},
                                    {graph_attribute("then_branch", inner_then),
                                     graph_attribute("else_branch", inner_else)}))
          .message(kGraphOutput, tensor_value("else_y", kOnnxFloat, {2}));
  const Proto graph =
      Proto()
          .message(kGraphNode, node("If", {"c"}, {"y"},
                                    {graph_attribute("else_branch", else_branch),
                                     graph_attribute("then_branch", then_branch)}))
          .message(kGraphInitializer, raw_tensor("w", kOnnxFloat, {2}, std::vector<float>{1, 2}))
          .message(kGraphInput, tensor_value("c", kOnnxBool, {}))
          .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
          .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2}));
  const Graph read_graph = read(model(graph));
  REQUIRE(read_graph.nodes.size() == 1);
  const Node& node = read_graph.nodes[0];
  const auto name = [&](size_t input) { return read_graph.tensor(node.inputs[input]).name; };
  const auto then_graph = node.attributes->graph("then_branch");
  const auto else_graph = node.attributes->graph("else_branch");
  REQUIRE(then_graph);
  REQUIRE(else_graph);
  REQUIRE(then_graph->inputs.size() == 1);
  REQUIRE(else_graph->inputs.size() == 3);
  REQUIRE(node.inputs.size() == 5);
  CHECK(name(0) == "c");
  CHECK(name(1) == "x");  // of then_branch
  for (size_t i = 0; i < 3; ++i)
    CHECK(name(2 + i) == else_graph->tensor(else_graph->inputs[i]).name);
  CHECK(else_graph->nodes[0].name == "else_t");
  CHECK(else_graph->nodes[1].inputs.size() == 4);  // c, then w and else_t, then else_t
}

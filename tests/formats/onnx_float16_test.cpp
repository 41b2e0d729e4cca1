// float16 and float64 in files: storage only, arithmetic is in float32.
#include <catch2/catch.hpp>

#include "formats/onnx.h"
#include "graph/operator.h"
#include "support/onnx_writer.h"

using namespace heed;
using namespace heed::test;

namespace {

Graph read(const Proto& graph) {
  const Proto file = model(graph);
  Result<Graph> result = read_onnx(as_bytes(file.data()), nullptr);
  INFO(result.status().message);
  REQUIRE(result.ok());
  return std::move(result.value());
}

struct Step {
  std::string op;
  int64_t to;
  bool operator==(const Step&) const = default;
};

std::vector<Step> steps(const Graph& graph) {
  std::vector<Step> out;
  for (const Node& node : graph.nodes)
    out.push_back({std::string(node.op->name), node.attributes->integer("to", 0)});
  return out;
}

}  // namespace

TEST_CASE("float16 inputs and outputs stay float16, with float32 between them", "[onnx]") {
  const Graph graph =
      read(Proto()
               .message(kGraphNode, node("Add", {"x", "w"}, {"y"}))
               .message(kGraphInitializer,
                        raw_tensor("w", kOnnxFloat16, {1}, std::vector<uint16_t>{0x4000}))
               .message(kGraphInput, tensor_value("x", kOnnxFloat16, {2}))
               .message(kGraphOutput, tensor_value("y", kOnnxFloat16, {2})));
  CHECK(steps(graph) == std::vector<Step>{{"Cast", 1}, {"Add", 0}, {"Cast", 10}});
  CHECK(graph.tensor(graph.inputs[0]).dtype == DType::kF16);
  CHECK(graph.tensor(graph.inputs[0]).name == "x");
  CHECK(graph.tensor(graph.outputs[0]).dtype == DType::kF16);
  CHECK(graph.tensor(graph.outputs[0]).name == "y");
  const Constant* weight = graph.constant(graph.nodes[1].input(1));
  REQUIRE(weight);
  CHECK(weight->dtype == DType::kF32);
  CHECK(weight->values<float>()[0] == 2);
}

TEST_CASE("a Cast to float16 rounds and goes on in float32", "[onnx]") {
  const Graph graph = read(
      Proto()
          .message(kGraphNode, node("Cast", {"x"}, {"h"}, {integer_attribute("to", kOnnxFloat16)}))
          .message(kGraphNode, node("Cast", {"h"}, {"y"}, {integer_attribute("to", kOnnxFloat)}))
          .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
          .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2})));
  CHECK(steps(graph) == std::vector<Step>{{"Cast", 10}, {"Cast", 1}, {"Cast", 1}});
  CHECK(graph.tensor(graph.nodes[0].outputs[0]).dtype == DType::kF16);
  CHECK(graph.nodes[1].inputs[0] == graph.nodes[0].outputs[0]);
}

TEST_CASE("casts to bfloat16 and float64 are casts to float32", "[onnx]") {
  for (const int type : {kOnnxBfloat16, kOnnxDouble}) {
    const Graph graph = read(
        Proto()
            .message(kGraphNode, node("Cast", {"x"}, {"h"}, {integer_attribute("to", type)}))
            .message(kGraphNode, node("Cast", {"h"}, {"y"}, {integer_attribute("to", kOnnxFloat)}))
            .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
            .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2})));
    CHECK(steps(graph) == std::vector<Step>{{"Cast", 1}, {"Cast", 1}});
  }
}

TEST_CASE("a float16 input that is an output too is read and written as float16", "[onnx]") {
  const Graph graph = read(Proto()
                               .message(kGraphInput, tensor_value("x", kOnnxFloat16, {2}))
                               .message(kGraphOutput, tensor_value("x", kOnnxFloat16, {2})));
  CHECK(steps(graph) == std::vector<Step>{{"Cast", 1}, {"Cast", 10}});
  CHECK(graph.tensor(graph.outputs[0]).name == "x");
}

TEST_CASE("float64 inputs and outputs are float32", "[onnx]") {
  const Graph graph = read(Proto()
                               .message(kGraphNode, node("Relu", {"x"}, {"y"}))
                               .message(kGraphInput, tensor_value("x", kOnnxDouble, {2}))
                               .message(kGraphOutput, tensor_value("y", kOnnxDouble, {2})));
  CHECK(steps(graph) == std::vector<Step>{{"Relu", 0}});
  CHECK(graph.tensor(graph.inputs[0]).dtype == DType::kF32);
  CHECK(graph.tensor(graph.outputs[0]).dtype == DType::kF32);
}

// Networks built of layers give what PyTorch gives, and load its state dicts whole.
#include <catch2/catch.hpp>

#include "graph/optimize.h"
#include "support/fixture_file.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Network;

namespace {

constexpr Tolerance kTolerance = {1e-4, 1e-5};

std::vector<Fixture> cases(const std::string& file, const std::string& dialect) {
  std::vector<Fixture> found;
  for (Fixture& fixture : read_fixtures(file)) {
    if (fixture.dialect == dialect) found.push_back(std::move(fixture));
  }
  REQUIRE(!found.empty());
  return found;
}

TensorId apply(Network& network, const Layer& layer, TensorId x) {
  const Network::Argument argument{"", x};
  const auto results = network.apply(layer, {&argument, 1});
  return results.empty() ? x : results[0];
}

// Compares the outputs and the maps that the fixture has, by their names.
void check(const Fixture& fixture, Network& network, const RunOptions& options = {}) {
  INFO(fixture.name);
  Result<Graph> graph = network.finish();
  REQUIRE(graph.status().message == "");
  REQUIRE(optimize(graph.value()).message == "");
  auto session =
      Session::create(std::move(graph.value()), {.force_channels_last = options.channels_last});
  REQUIRE(session.status().message == "");
  const Graph& built = session.value()->graph();
  Request request;
  request.outputs = built.outputs;
  std::vector<const HostTensor*> expected;
  for (TensorId id : built.outputs) {
    for (const HostTensor& output : fixture.outputs) {
      if (output.name == built.tensor(id).name) expected.push_back(&output);
    }
  }
  for (const HostTensor& map : fixture.maps) {
    for (size_t i = 0; i < built.blocks.size(); ++i) {
      if (built.blocks[i].id != map.name) continue;
      request.blocks.push_back(static_cast<int>(i));
      expected.push_back(&map);
    }
  }
  CHECK(request.blocks.size() == fixture.maps.size());
  const auto values = run(*session.value(), fixture.inputs, request);
  REQUIRE(values.status().message == "");
  REQUIRE(values.value().size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(difference(values.value()[i], *expected[i], kTolerance) == "");
  }
}

}  // namespace

TEST_CASE("a network for signals: Conv1d, ECA, ReLU twice, Linear", "[networks]") {
  for (const Fixture& fixture : cases("networks", "signal_eca")) {
    if (std::string_view("ECA").empty()) continue;
    Network network(&fixture.weights);
    TensorId x = network.input("x", DType::kF32, {{-1, "batch"}, {3, ""}, {-1, "length"}});
    x = apply(network, {"Conv1d", "conv1", {{"padding", 2}}, {}}, x);
    x = apply(network, {"ECA", "eca1", {}, {}}, x);
    x = apply(network, {"Activation", "", {}, {}}, x);
    x = apply(network, {"Conv1d", "conv2", {{"padding", 1}, {"stride", 2}}, {}}, x);
    x = apply(network, {"ECA", "eca2", {}, {}}, x);
    x = apply(network, {"Activation", "", {}, {}}, x);
    x = apply(network, {"GlobalAveragePool", "", {}, {}}, x);
    network.output("output", apply(network, {"Linear", "fc", {}, {}}, x));
    check(fixture, network);
  }
}

TEST_CASE("a ResNet-18 with CBAM in every block", "[networks]") {
  for (const Fixture& fixture : cases("networks", "resnet18_cbam")) {
    Network network(&fixture.weights);
    TensorId x =
        network.input("x", DType::kF32, {{-1, "batch"}, {3, ""}, {-1, "height"}, {-1, "width"}});
    const Layer relu{"Activation", "", {}, {}};
    x = apply(network, {"Conv2d", "conv1", {{"stride", 2}, {"padding", 3}}, {}}, x);
    x = apply(network, {"BatchNorm", "bn1", {}, {}}, x);
    x = apply(network, relu, x);
    x = apply(network, {"MaxPool", "", {{"kernelSize", 3}, {"stride", 2}, {"padding", 1}}, {}}, x);
    for (int stage = 1; stage <= 4; ++stage) {
      for (int i = 0; i < 2; ++i) {
        const double stride = stage > 1 && i == 0 ? 2 : 1;
        const std::string at = join("layer", stage, ".", i);
        Layer body{"Sequential",
                   "",
                   {},
                   {{"Conv2d", "conv1", {{"stride", stride}, {"padding", 1}}, {}},
                    {"BatchNorm", "bn1", {}, {}},
                    relu,
                    {"Conv2d", "conv2", {{"padding", 1}}, {}},
                    {"BatchNorm", "bn2", {}, {}},
                    {"CBAM", "cbam", {}, {}}}};
        Layer block{"Residual", at, {{"activation", "relu"}}, {std::move(body)}};
        if (stride == 2) {
          block.parts.push_back(
              {"Sequential",
               "downsample",
               {},
               {{"Conv2d", "0", {{"stride", 2}}, {}}, {"BatchNorm", "1", {}, {}}}});
        }
        x = apply(network, block, x);
      }
    }
    x = apply(network, {"GlobalAveragePool", "", {}, {}}, x);
    network.output("output", apply(network, {"Linear", "fc", {}, {}}, x));
    check(fixture, network);
  }
}

TEST_CASE("a bidirectional GRU with additive attention over time", "[networks]") {
  for (const Fixture& fixture : cases("networks", "gru_bahdanau")) {
    Network network(&fixture.weights);
    const TensorId x = network.input("x", DType::kF32, {{-1, "batch"}, {-1, "length"}, {-1, ""}});
    const Network::Argument argument{"", x};
    const auto states = network.apply({"GRU", "gru", {}, {}}, {&argument, 1});
    REQUIRE(states.size() == 2);
    // The last states of both directions ask: (2, batch, hidden) to (batch, 1, 2 * hidden).
    TensorId query = apply(network, {"Transpose", "", {{"order", {1, 0, 2}}}, {}}, states[1]);
    query = apply(network, {"Reshape", "", {{"shape", {0, 1, -1}}}, {}}, query);
    const Network::Argument arguments[] = {{"query", query}, {"memory", states[0]}};
    const auto context = network.apply({"AdditiveAttention", "attention", {}, {}}, arguments);
    REQUIRE(!context.empty());
    const TensorId last = apply(network, {"Flatten", "", {}, {}}, context[0]);
    network.output("output", apply(network, {"Linear", "fc", {}, {}}, last));
    check(fixture, network);
  }
}

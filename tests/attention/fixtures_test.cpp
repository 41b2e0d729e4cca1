// Every layer gives what PyTorch, timm or the specification say: outputs and maps, within 1e-5 +
// 1e-4 relative.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

#include "graph/optimize.h"
#include "graph/session.h"
#include "support/fixture_file.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kTolerance = {1e-4, 1e-5};

// What the fixtures call a map.
std::string id_of(const Block& block) {
  const size_t dot = block.id.rfind('.');
  if (block.id == block.mechanism) return "attention";
  return dot == std::string::npos ? block.id : block.id.substr(dot + 1);
}

// The fixtures have masks as bytes.
std::vector<HostTensor> with_masks(std::vector<HostTensor> inputs) {
  for (HostTensor& input : inputs) {
    if (input.dtype == DType::kU8) input.dtype = DType::kBool;
  }
  return inputs;
}

// What is wrong with a case; empty when nothing is.
std::string check(Fixture fixture, bool channels_last) {
  fixture.inputs = with_masks(std::move(fixture.inputs));
  std::vector<attention::GivenInput> given;
  for (const HostTensor& input : fixture.inputs) given.push_back({input.name, input.dtype});
  attention::Layer layer{fixture.mechanism, "", fixture.options, {}};
  Result<Graph> graph = attention::build_layer(layer, &fixture.weights, given);
  if (!graph.ok()) return join("build: ", graph.status().message);
  if (const Status status = optimize(graph.value()); !status.ok())
    return join("optimize: ", status.message);
  auto session = Session::create(std::move(graph.value()), {.force_channels_last = channels_last});
  if (!session.ok()) return join("session: ", session.status().message);
  const Graph& built = session.value()->graph();

  std::vector<HostTensor> inputs;
  for (TensorId id : built.inputs) {
    for (const HostTensor& input : fixture.inputs) {
      if (input.name == built.tensor(id).name) inputs.push_back(input);
    }
  }
  if (inputs.size() != fixture.inputs.size()) return "the layer does not read all inputs";
  Request request;
  request.outputs = built.outputs;
  // PyTorch gives no map in some of its ways.
  const size_t blocks = fixture.maps.empty() ? 0 : built.blocks.size();
  for (size_t i = 0; i < blocks; ++i) request.blocks.push_back(static_cast<int>(i));
  const auto values = run(*session.value(), inputs, request);
  if (!values.ok()) return join("run: ", values.status().message);
  // A layer whose output is its map has the map in its fixture once.
  const bool apart = !fixture.maps.empty();
  if (built.outputs.size() != fixture.outputs.size() ||
      (apart && built.blocks.size() != fixture.maps.size())) {
    return join("the layer gives ", uint64_t{built.outputs.size()}, " outputs and ",
                uint64_t{blocks}, " maps, expected ", uint64_t{fixture.outputs.size()}, " and ",
                uint64_t{fixture.maps.size()});
  }
  std::string problems;
  const auto compare = [&](const HostTensor& actual, const std::string& name,
                           const std::vector<HostTensor>& expected) {
    for (const HostTensor& tensor : expected) {
      if (tensor.name != name) continue;
      const std::string found = difference(actual, tensor, kTolerance);
      if (!found.empty()) problems += name + ": " + found + "; ";
      return;
    }
    problems += "there is no " + name + " in the fixture; ";
  };
  for (size_t i = 0; i < built.outputs.size(); ++i) {
    compare(values.value()[i], built.tensor(built.outputs[i]).name, fixture.outputs);
  }
  for (size_t i = 0; i < blocks; ++i) {
    compare(values.value()[built.outputs.size() + i], id_of(built.blocks[i]), fixture.maps);
  }
  // What nobody asked for is not needed for the outputs.
  const auto without_maps = run(*session.value(), inputs);
  if (!without_maps.ok()) return join("run without maps: ", without_maps.status().message);
  for (size_t i = 0; i < built.outputs.size(); ++i) {
    const std::string found = difference(without_maps.value()[i], values.value()[i], kTolerance);
    if (!found.empty()) problems += "without maps: " + found + "; ";
  }
  return problems;
}

// Kinds that have no layer yet or are no layer.
bool is_built(const std::string& mechanism) {
  const auto kinds = attention::layer_kinds();
  return std::find(kinds.begin(), kinds.end(), mechanism) != kinds.end();
}

}  // namespace

TEST_CASE("layers give what their fixtures say", "[fixtures]") {
  const std::string file = GENERATE("basic", "squeeze_excite", "eca", "cbam", "branches", "danet",
                                    "gates", "hacnn", "pfanet", "self_attention", "soca",
                                    "spatial_attentions", "spatial_transformer", "temporal");
  // HEED_FIXTURE=<file or mechanism> looks at those alone.
  const char* only = std::getenv("HEED_FIXTURE");
  for (const Fixture& fixture : read_fixtures(file)) {
    if (only && file != only && fixture.mechanism != only) continue;
    if (!is_built(fixture.mechanism)) continue;
    if (fixture.dialect == "cache") continue;  // by steps
    for (const bool channels_last : {false, true}) {
      INFO(fixture.name << (channels_last ? ", channels last" : ""));
      CHECK(check(fixture, channels_last) == "");
    }
  }
}

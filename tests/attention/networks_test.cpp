// Networks built of layers give what PyTorch gives, and load its state dicts whole.
#include <catch2/catch.hpp>
#include <map>
#include <sstream>

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

// The options of a fixture's that layers take as they are.
attention::Options options_of(const Fixture& fixture, std::initializer_list<const char*> names) {
  attention::Options options;
  for (const char* name : names) {
    const attention::Options::Entry* entry = fixture.options.find(name);
    REQUIRE(entry != nullptr);
    if (entry->is_text) options.set_text(name, entry->text);
    for (double number : entry->numbers) options.add_number(name, number);
  }
  return options;
}

TensorId apply(Network& network, const Layer& layer, TensorId x) {
  const Network::Argument argument{"", x};
  const auto results = network.apply(layer, {&argument, 1});
  return results.empty() ? x : results[0];
}

// Compares the outputs and the maps that the fixture has, by their names.
// `place`: what ids of blocks have in them and the fixture's names do not.
void check(const Fixture& fixture, Network& network, const std::string& place = "") {
  INFO(fixture.name);
  Result<Graph> graph = network.finish();
  REQUIRE(graph.status().message == "");
  REQUIRE(optimize(graph.value()).message == "");
  auto session = Session::create(std::move(graph.value()));
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
      std::string id = built.blocks[i].id;
      if (const size_t at = place.empty() ? id.npos : id.find(place); at != id.npos) {
        id.erase(at, place.size());
      }
      if (id != map.name) continue;
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

TEST_CASE("mechanisms in sequence, in parallel and with a residual", "[networks]") {
  const std::map<std::string, std::string> places = {{"SqueezeExcite", "channel"},
                                                     {"SpatialSqueeze", "spatial"},
                                                     {"ECA", "eca"},
                                                     {"ChannelGate", "gate"},
                                                     {"SpatialGate", "space"}};
  int combined = 0;
  for (const Fixture& fixture : read_fixtures("hybrid")) {
    Layer hybrid{"HybridAttention", "", options_of(fixture, {"combine", "residual"}), {}};
    std::istringstream kinds(fixture.options.find("parts")->text);
    for (std::string kind; std::getline(kinds, kind, ',');) {
      hybrid.parts.push_back({kind, "parts." + places.at(kind), {}, {}});
    }
    REQUIRE(hybrid.parts.size() == fixture.maps.size());
    Network network(&fixture.weights);
    const TensorId x = network.input(
        "x", DType::kF32, {{-1, "batch"}, {-1, "channels"}, {-1, "height"}, {-1, "width"}});
    network.output("output", apply(network, hybrid, x));
    check(fixture, network, "parts.");
    ++combined;
  }
  CHECK(combined >= 27);  // nine ways, each in at least three shapes
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
    check(fixture, network, ".cbam");
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

namespace {

// x + attention(norm1(x)), then x + mlp(norm2(x)).
TensorId transformer_block(Network& network, const std::string& at, const attention::Options& heads,
                           const char* activation, TensorId x) {
  const Layer attention{
      "Sequential",
      "",
      {},
      {{"LayerNorm", "norm1", {}, {}}, {"MultiHeadAttention", "attn", heads, {}}}};
  const Layer mlp{"Sequential",
                  "",
                  {},
                  {{"LayerNorm", "norm2", {}, {}},
                   {"Linear", "mlp.fc1", {}, {}},
                   {"Activation", "", {{"function", activation}}, {}},
                   {"Linear", "mlp.fc2", {}, {}}}};
  x = apply(network, {"Residual", at, {}, {attention}}, x);
  return apply(network, {"Residual", at, {}, {mlp}}, x);
}

}  // namespace

TEST_CASE("a transformer encoder of two layers with rotary embedding", "[networks]") {
  for (const Fixture& fixture : cases("networks", "rotary_encoder")) {
    Network network(&fixture.weights);
    TensorId x = network.input("x", DType::kF32, {{-1, "batch"}, {-1, "length"}, {-1, ""}});
    const attention::Options heads = options_of(fixture, {"heads", "rotary", "base"});
    x = transformer_block(network, "blocks.0", heads, "gelu", x);
    x = transformer_block(network, "blocks.1", heads, "gelu", x);
    network.output("output", apply(network, {"LayerNorm", "norm", {}, {}}, x));
    check(fixture, network);
  }
}

TEST_CASE("a decoder with a cache generates step by step what it gives at once", "[networks]") {
  for (const Fixture& fixture : cases("networks", "cached_decoder")) {
    INFO(fixture.name);
    const auto expected = [&](const char* name) -> const HostTensor& {
      for (const HostTensor& output : fixture.outputs) {
        if (output.name == name) return output;
      }
      throw std::runtime_error(name);
    };
    const HostTensor& prompt = fixture.inputs[0];
    const HostTensor& generated = expected("generated");
    const HostTensor& all_logits = expected("generated_logits");
    const Extent batch = prompt.shape[0], first = prompt.shape[1], last = generated.shape[1];
    const Extent words = all_logits.shape[2];

    Network network(&fixture.weights);
    TensorId x = network.input("tokens", DType::kI64, {{-1, "batch"}, {-1, "length"}});
    x = apply(network, {"Embedding", "embed", {}, {}}, x);
    attention::Options heads = options_of(fixture, {"heads", "kvHeads", "rotary", "base"});
    heads.add_number("cache", last);
    x = transformer_block(network, "blocks.0", heads, "silu", x);
    x = transformer_block(network, "blocks.1", heads, "silu", x);
    x = apply(network, {"LayerNorm", "norm", {}, {}}, x);
    network.output("logits", apply(network, {"Linear", "head", {}, {}}, x));
    Result<Graph> graph = network.finish();
    REQUIRE(graph.status().message == "");
    REQUIRE(optimize(graph.value()).message == "");
    const auto session = Session::create(std::move(graph.value()));
    REQUIRE(session.status().message == "");

    // Rows begin..end of the logits of the whole text.
    const auto rows = [&](Extent begin, Extent end) {
      std::vector<float> values;
      for (Extent b = 0; b < batch; ++b) {
        const float* at = all_logits.values<float>().data() + (b * last + begin) * words;
        values.insert(values.end(), at, at + (end - begin) * words);
      }
      return host_tensor(std::span<const float>(values), Shape{batch, end - begin, words});
    };
    const auto tokens = [&](Extent begin, Extent end) {
      std::vector<int64_t> values;
      for (Extent b = 0; b < batch; ++b) {
        const int64_t* at = generated.values<int64_t>().data() + b * last;
        values.insert(values.end(), at + begin, at + end);
      }
      return host_tensor(std::span<const int64_t>(values), Shape{batch, end - begin});
    };
    const HostTensor given = tokens(0, first);
    auto logits = run(*session.value(), {&given, 1});
    REQUIRE(logits.status().message == "");
    CHECK(difference(logits.value()[0], rows(0, first), kTolerance) == "");
    for (Extent at = first; at < last; ++at) {
      // The best word of the last row is the next token.
      const HostTensor next = tokens(at, at + 1);
      const HostTensor& scores = logits.value()[0];
      for (Extent b = 0; b < batch; ++b) {
        const float* row = scores.values<float>().data() + ((b + 1) * scores.shape[1] - 1) * words;
        CHECK(std::max_element(row, row + words) - row ==
              next.values<int64_t>()[static_cast<size_t>(b)]);
      }
      logits = run(*session.value(), {&next, 1});
      REQUIRE(logits.status().message == "");
      CHECK(difference(logits.value()[0], rows(at, at + 1), kTolerance) == "");
    }
    // Two chunks after a cut are the same again.
    REQUIRE(session.value()->truncate_cache(1).ok());
    const HostTensor rest = tokens(1, last);
    logits = run(*session.value(), {&rest, 1});
    REQUIRE(logits.status().message == "");
    CHECK(difference(logits.value()[0], rows(1, last), kTolerance) == "");
  }
}

TEST_CASE("attention with a cache gives, in steps, what its fixture gives at once", "[networks]") {
  for (const Fixture& fixture : cases("self_attention", "cache")) {
    INFO(fixture.name);
    attention::Options options =
        options_of(fixture, {"heads", "kvHeads", "rotary", "base", "causal"});
    const std::vector<double> steps = fixture.options.find("steps")->numbers;
    const HostTensor &x = fixture.inputs[0], &y = fixture.outputs[0];
    options.add_number("cache", x.shape[1]);
    Result<Graph> graph =
        attention::build_layer({"MultiHeadAttention", "", options, {}}, &fixture.weights);
    REQUIRE(graph.status().message == "");
    REQUIRE(optimize(graph.value()).message == "");
    const auto session = Session::create(std::move(graph.value()));
    const auto rows = [](const HostTensor& all, Extent begin, Extent end) {
      std::vector<float> values;
      const Extent width = all.shape[2];
      for (Extent b = 0; b < all.shape[0]; ++b) {
        const float* at = all.values<float>().data() + (b * all.shape[1] + begin) * width;
        values.insert(values.end(), at, at + (end - begin) * width);
      }
      return host_tensor(std::span<const float>(values), Shape{all.shape[0], end - begin, width});
    };
    Extent begin = 0;
    for (double step : steps) {
      const Extent end = begin + static_cast<Extent>(step);
      const HostTensor given = rows(x, begin, end);
      const auto values = run(*session.value(), {&given, 1});
      REQUIRE(values.status().message == "");
      CHECK(difference(values.value()[0], rows(y, begin, end), kTolerance) == "");
      begin = end;
    }
    CHECK(begin == x.shape[1]);
  }
}

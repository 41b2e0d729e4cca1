// What holds for all gates of feature maps.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/single_layers.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;

namespace {

// Where a NaN in one element of x must be seen.
enum class Reach { kElement, kChannel, kImage };

struct Range {
  const char* map;
  float low, high;
};

struct Case {
  Layer layer;
  Extent channels;
  Reach reach;
  std::vector<Range> gates;
  Shape least = {1, 1};  // height and width
  Extent gating = 0;     // channels of g; of the size of x
  bool any_rank = false;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.layer.kind; }

std::vector<Case> cases() {
  return {
      {layer("AttentionGate", {{"channels", 6}, {"gating", 5}}),
       6,
       Reach::kElement,
       {{"attention", 0, 1}},
       {2, 2},
       5},
      {layer("AttentionGate", {{"channels", 6}, {"gating", 5}, {"form", "additive"}}),
       6,
       Reach::kElement,
       {{"attention", 0, 1}},
       {1, 1},
       5},
      {layer("CBAM", {{"channels", 6}, {"hidden", 3}}),
       6,
       Reach::kImage,
       {{"channel", 0, 1}, {"spatial", 0, 1}}},
      {layer("CBAM", {{"channels", 6}, {"light", 1}, {"kernelSize", 3}, {"pools", "avg,lp,lse"}}),
       6,
       Reach::kImage,
       {{"channel", 0, 1}, {"spatial", 0, 1}}},
      {layer("ChannelAttention", {{"channels", 5}}),
       5,
       Reach::kImage,
       {{"attention", 0, 1}},
       {1, 1},
       0,
       true},
      {layer("ChannelGate", {{"channels", 6}, {"hidden", 3}}),
       6,
       Reach::kImage,
       {{"attention", 0, 1}},
       {1, 1},
       0,
       true},
      {layer("ConcurrentSqueezeExcite", {{"channels", 6}}),
       6,
       Reach::kImage,
       {{"channel", 0, 1}, {"spatial", 0, 1}}},
      {layer("ConcurrentSqueezeExcite", {{"channels", 6}, {"merge", "sum"}}),
       6,
       Reach::kImage,
       {{"channel", 0, 1}, {"spatial", 0, 1}}},
      {layer("ECA", {{"channels", 9}}), 9, Reach::kChannel, {{"attention", 0, 1}}, {1, 1}, 0, true},
      {layer("ECA", {{"channels", 6},
                     {"kernelSize", 3},
                     {"perChannel", 1},
                     {"bias", 1},
                     {"padding", "circular"}}),
       6,
       Reach::kChannel,
       {{"attention", 0, 1}},
       {1, 1},
       0,
       true},
      {layer("ECA", {{"channels", 6}, {"kernelSize", 3}, {"useMlp", 1}}),
       6,
       Reach::kChannel,
       {{"attention", 0, 1}},
       {1, 1},
       0,
       true},
      {layer("SOCA", {{"channels", 6}}), 6, Reach::kImage, {{"attention", 0, 1}}},
      {layer("SpatialGate", {}), 5, Reach::kElement, {{"attention", 0, 1}}},
      {layer("SpatialSqueeze", {{"channels", 5}}), 5, Reach::kElement, {{"attention", 0, 1}}},
      {layer("SqueezeExcite", {{"channels", 6}}),
       6,
       Reach::kImage,
       {{"attention", 0, 1}},
       {1, 1},
       0,
       true},
      {layer("SqueezeExcite", {{"channels", 6}, {"addMaxPool", 1}, {"gate", "hard_sigmoid"}}),
       6,
       Reach::kImage,
       {{"attention", 0, 1}},
       {1, 1},
       0,
       true},
      {layer("BAM", {{"channels", 8}, {"reduction", 2}}), 8, Reach::kImage, {{"attention", 1, 2}}},
      {layer("CoordinateAttention", {{"channels", 6}}),
       6,
       Reach::kElement,
       {{"rows", 0, 1}, {"columns", 0, 1}}},
      {layer("CPCA", {{"channels", 8}}), 8, Reach::kImage, {{"channel", 0, 2}}},
      {layer("EMA", {{"channels", 8}, {"groups", 2}}), 8, Reach::kElement, {{"attention", 0, 1}}},
      {layer("GatherExcite", {}), 5, Reach::kChannel, {{"attention", 0, 1}}},
      {layer("GatherExcite", {{"extent", 2}, {"addMaxPool", 1}}),
       5,
       Reach::kElement,
       {{"attention", 0, 1}}},
      {layer("GatherExcite", {{"channels", 6}, {"gather", 1}, {"extent", 4}, {"hidden", 3}}),
       6,
       Reach::kElement,
       {{"attention", 0, 1}}},
      {layer("GlobalContext", {{"channels", 6}, {"hidden", 3}, {"fusion", "add,mul"}}),
       6,
       Reach::kImage,
       {{"attention", 0, 1}}},
      {layer("LargeKernelAttention", {{"channels", 6}}), 6, Reach::kElement, {}},
      {layer("LargeKernelAttention", {{"channels", 6}, {"block", 1}}), 6, Reach::kElement, {}},
      {layer("PolarizedSelfAttention", {{"channels", 8}}),
       8,
       Reach::kImage,
       {{"channel", 0, 1}, {"spatial", 0.5f, 0.7311f}}},
      {layer("PolarizedSelfAttention", {{"channels", 8}, {"form", "sequential"}}),
       8,
       Reach::kImage,
       {{"channel", 0, 1}, {"spatial", 0, 1}}},
      {layer("SimAM", {}), 5, Reach::kChannel, {{"attention", 0.6224f, 1}}},
      {layer("StripPooling", {{"channels", 8}, {"sizes", {3, 2}}}), 8, Reach::kElement, {}},
      {layer("StripPooling", {{"channels", 6}, {"gate", 1}}),
       6,
       Reach::kElement,
       {{"attention", 0, 1}}},
      {layer("TripletAttention", {}),
       6,
       Reach::kElement,
       {{"cw", 0, 1}, {"hc", 0, 1}, {"hw", 0, 1}}},
  };
}

std::vector<HostTensor> inputs_of(const Case& c, Extent batch, Extent height, Extent width) {
  std::vector<HostTensor> inputs = {random_input("x", {batch, c.channels, height, width}, 1)};
  if (c.gating > 0) inputs.push_back(random_input("g", {batch, c.gating, height, width}, 2));
  return inputs;
}

}  // namespace

TEST_CASE("a gate built without weights runs in both layouts, its maps in their range", "[gates]") {
  for (const Case& c : cases()) {
    INFO(c);
    const auto inputs = inputs_of(c, 2, 5, 7);
    const LayerResults results = run_new(c.layer, inputs), last = run_new(c.layer, inputs, true);
    CHECK(results.output().shape == Shape{2, c.channels, 5, 7});
    CHECK(difference(last.output(), results.output(), {1e-4, 1e-5}) == "");
    CHECK(difference(results.output(), inputs[0], {1e-3, 1e-3}) != "");
    for (const Range& range : c.gates) {
      INFO(range.map);
      for (const float v : results.map(results.maps.size() == 1 ? "" : range.map).values<float>()) {
        const bool inside = v > range.low && v < range.high;
        REQUIRE(inside);
      }
    }
  }
}

TEST_CASE("a gate treats the images of a batch apart", "[gates]") {
  for (const Case& c : cases()) {
    INFO(c);
    auto inputs = inputs_of(c, 2, 4, 5);
    const LayerResults plain = run_new(c.layer, inputs);
    for (HostTensor& given : inputs) given = swapped(given);
    const LayerResults turned = run_new(c.layer, inputs);
    CHECK(difference(turned.output(), swapped(plain.output()), Tolerance{1e-5, 1e-6}) == "");
    for (size_t i = 0; i < plain.maps.size(); ++i) {
      CHECK(difference(turned.maps[i], swapped(plain.maps[i]), Tolerance{1e-5, 1e-6}) == "");
    }
    // And alone as in company.
    for (HostTensor& given : inputs) given = half(given, 0);
    CHECK(difference(run_new(c.layer, inputs).output(), half(plain.output(), 1),
                     Tolerance{1e-5, 1e-6}) == "");
  }
}

TEST_CASE("a gate takes maps of one row, one column and one position", "[gates]") {
  for (const Case& c : cases()) {
    for (const Shape& size : {Shape{1, 7}, Shape{5, 1}, Shape{1, 1}, Shape{9, 2}}) {
      const Extent height = std::max(size[0], c.least[0]), width = std::max(size[1], c.least[1]);
      INFO(c << " " << height << "x" << width);
      const LayerResults results = run_new(c.layer, inputs_of(c, 1, height, width));
      CHECK(results.output().shape == Shape{1, c.channels, height, width});
      // NaN, as the official code has it.
      const bool nan = c.layer.kind == "SimAM" || c.layer.kind == "SOCA";
      if (nan && height * width == 1) continue;
      for (const float v : results.output().values<float>()) REQUIRE(std::isfinite(v));
    }
  }
}

TEST_CASE("a NaN is seen wherever it counts, and in its own image only", "[gates]") {
  for (const bool channels_last : {false, true}) {
    for (const Case& c : cases()) {
      INFO(c << (channels_last ? ", channels last" : ""));
      auto inputs = inputs_of(c, 2, 4, 5);
      constexpr size_t kPositions = 20;
      const size_t at = 2 * kPositions + 7, image = static_cast<size_t>(c.channels) * kPositions;
      inputs[0] = changed(inputs[0], at, kNaN);
      const LayerResults results = run_new(c.layer, inputs, channels_last);
      const auto y = results.output().values<float>();
      for (size_t i = 0; i < 2 * image; ++i) {
        const bool reached = (c.reach == Reach::kElement && i == at) ||
                             (c.reach == Reach::kChannel && i / kPositions == 2) ||
                             (c.reach == Reach::kImage && i < image);
        INFO(i);
        if (reached) REQUIRE(std::isnan(y[i]));
        if (i >= image) REQUIRE(std::isfinite(y[i]));
      }
    }
  }
}

TEST_CASE("a gate says what shape it expects", "[gates]") {
  for (const Case& c : cases()) {
    INFO(c);
    auto inputs = inputs_of(c, 1, 4, 5);
    if (!c.any_rank) {
      inputs[0] = random_input("x", {1, c.channels, 4}, 1);
      const std::string rank = layer_error(c.layer, nullptr, inputs);
      CHECK(rank.find("input 'x' has shape (1, " + std::to_string(c.channels) + ", 4)") == 0);
    }
    if (!c.layer.options.find("channels")) continue;
    inputs[0] = random_input("x", {1, c.channels + 1, 4, 5}, 1);
    const std::string channels = layer_error(c.layer, nullptr, inputs);
    const std::string expected = "expect(s|ed) \\(batch, " + std::to_string(c.channels) + ", ";
    CHECK_THAT(channels, Catch::Matchers::Matches(".*" + expected + ".*"));
  }
}

TEST_CASE("a gate lists all weights that are missing, wrong or not its own", "[gates]") {
  const NamedWeights weights = named_weights(
      joined({flat("conv_mask", {1, 4, 1, 1}, 1, 0), flat("channel_add_conv.0", {2, 4, 1, 1}, 1, 0),
              flat("channel_add_conv.3", {4, 3, 1, 1}, 1, 0), flat("conv_unknown", {1}, 1, 0)}));
  CHECK(layer_error(layer("GlobalContext", {}), &weights, {}) ==
        "weights missing: channel_add_conv.1.weight; of a wrong shape: channel_add_conv.3.weight "
        "float32 (4, 3, 1, 1) (expected float32 (4, 2)); not of the layer: conv_unknown.bias, "
        "conv_unknown.weight");
  const NamedWeights none;
  for (const Case& c : cases()) {
    const std::string& kind = c.layer.kind;
    if (kind == "GatherExcite" || kind == "SimAM") {
      continue;  // they have no weights, or need none
    }
    INFO(c);
    const std::string message = layer_error({c.layer.kind, "", {}, {}}, &none, {});
    CHECK(message.find("weights missing: ") == 0);
  }
}

TEST_CASE("a gate that is new says which option it lacks", "[gates]") {
  CHECK(layer_error(layer("CPCA", {}), nullptr, {}) ==
        "CPCA: a new layer needs the option 'channels'");
  CHECK(layer_error(layer("AttentionGate", {{"channels", 3}}), nullptr, {}) ==
        "AttentionGate: a new layer needs the option 'gating'");
  CHECK(layer_error(layer("SimAM", {{"lamda", 1}}), nullptr, {}) ==
        "SimAM: there is no option 'lamda'");
}

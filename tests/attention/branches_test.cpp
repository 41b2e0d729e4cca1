// Branches, dual and pyramid attention: what their formulas say where implementations go wrong.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/fixture_file.h"
#include "support/run_layer.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

constexpr Tolerance kTolerance = {1e-5, 1e-6};

float sigmoid(float v) { return 1 / (1 + std::exp(-v)); }

using Weights = std::vector<HostTensor>;

Weights joined(std::initializer_list<Weights> parts) {
  Weights all;
  for (const Weights& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Layer layer(const char* kind, Options options = {}) { return {kind, "", std::move(options), {}}; }

LayerResults run_with(const Layer& layer, const Weights& weights,
                      const std::vector<HostTensor>& inputs) {
  const NamedWeights named = named_weights(weights);
  auto results = run_layer(layer, &named, inputs);
  REQUIRE(results.status().message == "");
  return std::move(results.value());
}

std::string error_with(const Layer& layer, const Weights& weights,
                       const std::vector<HostTensor>& inputs = {}) {
  const NamedWeights named = named_weights(weights);
  return layer_error(layer, &named, inputs);
}

HostTensor input(const Shape& shape, std::initializer_list<float> values) {
  return weight("x", shape, values);
}

void check_values(const HostTensor& actual, const Shape& shape, std::initializer_list<float> v) {
  CHECK(difference(actual, weight(actual.name, shape, v), kTolerance) == "");
}

// (1, channels, height, width) of zeros, but for one element.
HostTensor one_at(const std::string& name, const Shape& shape, Extent at, float value) {
  std::vector<float> values(static_cast<size_t>(shape.count()));
  values[static_cast<size_t>(at)] = value;
  return host_tensor(std::span<const float>(values), shape, name);
}

}  // namespace

// --- SelectiveKernel ---

namespace {

// Two branches of one channel in timm's names; each is a 3x3 kernel that sees the neighbour before,
// and both weigh the same.
Weights corner_branches() {
  return joined({{one_at("paths.0.conv.weight", {1, 1, 3, 3}, 0, 1),
                  one_at("paths.1.conv.weight", {1, 1, 3, 3}, 0, 1),
                  weight("attn.fc_reduce.weight", {1, 1, 1, 1}, {-1}),
                  weight("attn.fc_select.weight", {2, 1, 1, 1}, {1, 0})},
                 plain_batch_norm("paths.0.bn", 1),
                 plain_batch_norm("paths.1.bn", 1),
                 plain_batch_norm("attn.bn", 1)});
}

}  // namespace

TEST_CASE("a selective kernel's branches of one size see further by dilation", "[branches]") {
  const LayerResults results =
      run_with(layer("SelectiveKernel"), corner_branches(), {one_at("x", {1, 1, 3, 3}, 0, 4)});
  // z = relu(-mean) = 0, so that both branches weigh the same.
  check_values(results.map(), {1, 2, 1, 1, 1}, {0.5f});
  check_values(results.output(), {1, 1, 3, 3}, {0, 0, 0, 0, 2, 0, 0, 0, 2});
}

TEST_CASE("a selective kernel's branches of their own sizes are not dilated, z not rectified",
          "[branches]") {
  // xmu's form: kernels 1 and 3; fc has neither batch norm nor ReLU, and every branch its own fcs.
  const Weights weights = joined(
      {{weight("convs.0.conv.weight", {1, 1, 1, 1}, {1}), weight("convs.0.conv.bias", {1}, {0}),
        one_at("convs.1.conv.weight", {1, 1, 3, 3}, 0, 1), weight("convs.1.conv.bias", {1}, {0}),
        weight("fc.weight", {1, 1}, {-1}), weight("fc.bias", {1}, {0}),
        weight("fcs.0.weight", {1, 1}, {1}), weight("fcs.0.bias", {1}, {0.25f}),
        weight("fcs.1.weight", {1, 1}, {0}), weight("fcs.1.bias", {1}, {0})},
       plain_batch_norm("convs.0.bn", 1),
       plain_batch_norm("convs.1.bn", 1)});
  const LayerResults results =
      run_with(layer("SelectiveKernel"), weights, {one_at("x", {1, 1, 2, 2}, 0, 4)});
  // z = -(4 + 4) / 4, logits -1.75 and 0.
  const float a = sigmoid(-1.75f);
  check_values(results.map(), {1, 2, 1, 1, 1}, {a, 1 - a});
  check_values(results.output(), {1, 1, 2, 2}, {4 * a, 0, 0, 4 * (1 - a)});
}

TEST_CASE("a selective kernel's logits are branch by branch, its softmax over the branches",
          "[branches]") {
  Weights weights =
      joined({{weight("paths.0.conv.weight", {2, 2, 3, 3}, {0}),
               weight("paths.1.conv.weight", {2, 2, 3, 3}, {0}),
               weight("attn.fc_reduce.weight", {1, 2, 1, 1}, {0}),
               weight("attn.fc_select.weight", {4, 1, 1, 1}, {std::log(3.0f), 0, 0, 0})},
              plain_batch_norm("paths.0.bn", 2, 1),
              plain_batch_norm("paths.1.bn", 2, 5),
              plain_batch_norm("attn.bn", 1, 1)});
  const LayerResults results =
      run_with(layer("SelectiveKernel"), weights, {random_input("x", {1, 2, 2, 1}, 1)});
  check_values(results.map(), {1, 2, 2, 1, 1}, {0.75f, 0.5f, 0.25f, 0.5f});
  check_values(results.output(), {1, 2, 2, 1}, {2, 2, 3, 3});
}

TEST_CASE("a selective kernel splits its input among the branches when told", "[branches]") {
  Weights weights = corner_branches();
  for (int i = 0; i < 2; ++i)
    weights[static_cast<size_t>(i)] =
        one_at(weights[static_cast<size_t>(i)].name, {1, 1, 3, 3}, 4, 1);
  const HostTensor x = input({1, 2, 1, 1}, {3, 7});
  check_values(run_with(layer("SelectiveKernel", {{"splitInput", 1}}), weights, {x}).output(),
               {1, 1, 1, 1}, {5});
  CHECK(error_with(layer("SelectiveKernel"), weights, {x}) ==
        "input 'x' has shape (1, 2, 1, 1), the model expects (batch, 1, height, width)");
  CHECK(layer_error(layer("SelectiveKernel", {{"channels", 5}, {"splitInput", 1}}), nullptr, {}) ==
        "SelectiveKernel: 5 channels do not divide among 2 branches");
}

TEST_CASE("a new selective kernel has at least 32 channels between its connections", "[branches]") {
  const Weights narrow = {weight("attn.fc_reduce.weight", {2, 32, 1, 1}, {1})};
  const auto hidden = [](Options options) {
    const auto graph =
        attention::build_layer(layer("SelectiveKernel", std::move(options)), nullptr);
    REQUIRE(graph.status().message == "");
    for (const Tensor& tensor : graph.value().tensors) {
      if (tensor.name == "attn.fc_reduce.weight") return tensor.constant->shape;
    }
    return Shape{};
  };
  CHECK(hidden({{"channels", 64}}) == Shape{32, 64, 1, 1});
  CHECK(hidden({{"channels", 1024}}) == Shape{64, 1024, 1, 1});
  CHECK(hidden({{"channels", 64}, {"out", 640}, {"reduction", 8}}) == Shape{80, 640, 1, 1});
  CHECK(hidden({{"channels", 64}, {"hidden", 5}}) == Shape{5, 64, 1, 1});
}

// --- SplitAttention ---

namespace {

// Splits that are the input's channels, and logits that are the bias.
Weights plain_splits(Extent channels, Extent hidden, std::initializer_list<float> bias,
                     Extent groups) {
  return {weight("conv.weight", {channels, 1, 1, 1}, {1}),
          weight("fc1.weight", {hidden, 1, 1, 1}, {0}), weight("fc1.bias", {hidden}, {0}),
          weight("fc2.weight", {channels, hidden / groups, 1, 1}, {0}),
          weight("fc2.bias", {channels}, bias)};
}

}  // namespace

TEST_CASE("split attention's splits lie radix first, its logits group first", "[branches]") {
  // Two splits of two channels, which are a group each.
  const Weights weights = plain_splits(4, 2, {0, std::log(3.0f), 0, 0}, 2);
  const LayerResults results =
      run_with(layer("SplitAttention"), weights, {input({1, 4, 1, 1}, {1, 2, 3, 4})});
  check_values(results.map(), {1, 2, 2, 1, 1}, {0.25f, 0.5f, 0.75f, 0.5f});
  check_values(results.output(), {1, 2, 1, 1}, {0.25f * 1 + 0.75f * 3, 3});
}

TEST_CASE("split attention of radix 1 is a sigmoid", "[branches]") {
  const LayerResults results = run_with(
      layer("SplitAttention"), plain_splits(1, 1, {std::log(3.0f)}, 1), {input({1, 1, 1, 1}, {4})});
  check_values(results.map(), {1, 1, 1, 1, 1}, {0.75f});
  check_values(results.output(), {1, 1, 1, 1}, {3});
}

TEST_CASE("split attention takes radix and groups from the weights, and says if options differ",
          "[branches]") {
  const Weights weights = plain_splits(4, 2, {0}, 2);
  const std::string other = "SplitAttention: the weights are of radix 2 and 2 groups";
  CHECK(error_with(layer("SplitAttention", {{"radix", 3}}), weights) == other);
  CHECK(error_with(layer("SplitAttention", {{"groups", 1}}), weights) == other);
  CHECK(layer_error(layer("SplitAttention", {{"channels", 12}, {"groups", 3}}), nullptr, {}) ==
        "SplitAttention: 12 input and 32 output channels do not divide into 3 groups");
}

TEST_CASE("layers of branches list all weights that are missing, wrong or not theirs",
          "[branches]") {
  Weights weights = plain_splits(4, 2, {0}, 2);
  weights[4] = weight("fc2.bias", {3}, {0});
  weights.push_back(weight("bn0.weight", {4}, {1}));
  weights.push_back(weight("fc3.weight", {4}, {1}));
  CHECK(error_with(layer("SplitAttention"), weights) ==
        "weights missing: bn0.bias, bn0.running_mean, bn0.running_var; of a wrong shape: fc2.bias "
        "float32 (3) (expected float32 (4)); not of the layer: fc3.weight");
  weights = corner_branches();
  weights.erase(weights.begin() + 2);
  CHECK(error_with(layer("SelectiveKernel"), weights).find("missing: attn.fc_reduce.weight") !=
        std::string::npos);
}

// --- DANet ---

TEST_CASE("position attention's scores are not scaled by the width", "[branches]") {
  // q = 1 and k = x, four times: scores 0 and log 3.
  const Weights weights = {weight("query_conv.weight", {4, 1, 1, 1}, {0}),
                           weight("query_conv.bias", {4}, {1}),
                           weight("key_conv.weight", {4, 1, 1, 1}, {1}),
                           weight("key_conv.bias", {4}, {0}),
                           weight("value_conv.weight", {1, 1, 1, 1}, {0}),
                           weight("value_conv.bias", {1}, {3}),
                           weight("gamma", {1}, {2})};
  const float step = std::log(3.0f) / 4;
  const LayerResults results =
      run_with(layer("PositionAttention"), weights, {input({1, 1, 1, 2}, {0, step})});
  check_values(results.map(), {1, 2, 2}, {0.25f, 0.75f, 0.25f, 0.75f});
  check_values(results.output(), {1, 1, 1, 2}, {6, 6 + step});
}

TEST_CASE("channel self-attention weighs the least similar channel most", "[branches]") {
  // G = ((1, 1 + log 3), ...): softmax(-G) of the first row is 3/4 and 1/4.
  const float b = 1 + std::log(3.0f);
  const HostTensor x = input({1, 2, 1, 1}, {1, b});
  const LayerResults results =
      run_with(layer("ChannelSelfAttention"), {weight("gamma", {1}, {0.5f})}, {x});
  const float second = sigmoid(b * b - b);  // of channel 1 for channel 0
  check_values(results.map(), {1, 2, 2}, {0.75f, 0.25f, second, 1 - second});
  check_values(results.output(), {1, 2, 1, 1},
               {0.5f * (0.75f + 0.25f * b) + 1, 0.5f * (second + (1 - second) * b) + b});
}

TEST_CASE("DANet's attentions start as the identity: gamma is 0", "[branches]") {
  for (const bool channels_last : {false, true}) {
    for (const Layer& part :
         {layer("PositionAttention", {{"channels", 9}}), layer("ChannelSelfAttention")}) {
      const HostTensor x = random_input("x", {2, 9, 3, 5}, 1);
      const auto results = run_layer(part, nullptr, {x}, channels_last);
      REQUIRE(results.status().message == "");
      CHECK(difference(results.value().output(), x, {}) == "");
    }
  }
}

TEST_CASE("rows of DANet's maps sum to 1", "[branches]") {
  const auto results = run_layer(layer("DualAttention", {{"channels", 32}, {"classes", 3}}),
                                 nullptr, {random_input("x", {2, 32, 3, 4}, 1)});
  REQUIRE(results.status().message == "");
  for (const char* name : {"position", "channel"}) {
    const HostTensor& map = results.value().map(name);
    const Extent side = std::string_view(name) == "position" ? 12 : 8;
    REQUIRE(map.shape == Shape{2, side, side});
    const auto values = map.values<float>();
    for (Extent row = 0; row < 2 * side; ++row) {
      double sum = 0;
      for (Extent j = 0; j < side; ++j) sum += values[static_cast<size_t>(row * side + j)];
      CHECK(sum == Approx(1));
    }
  }
}

// --- PFANet ---

TEST_CASE("PFANet's context: four branches in order, normed by the batch's biased statistics",
          "[branches]") {
  const Weights weights = {weight("C4_cfe_cfe0.kernel", {1, 1, 1, 1}, {1}),
                           weight("C4_cfe_cfe1_dilation.kernel", {3, 3, 1, 1}, {0}),
                           weight("C4_cfe_cfe2_dilation.kernel", {3, 3, 1, 1}, {0}),
                           weight("C4_cfe_cfe3_dilation.kernel", {3, 3, 1, 1}, {0}),
                           weight("C4_cfe_BN.gamma", {4}, {1}),
                           weight("C4_cfe_BN.beta", {4}, {0, 1, 2, 3}),
                           weight("C4_cfe_BN.moving_mean", {4}, {100}),
                           weight("C4_cfe_BN.moving_variance", {4}, {100})};
  const LayerResults results = run_with(layer("PyramidFeatureAttention", {{"name", "C4"}}), weights,
                                        {input({2, 1, 1, 1}, {-1, 1})});
  // Over the batch the mean is 0, the variance 1; Keras' epsilon is 1e-3.
  check_values(results.output(), {2, 4, 1, 1}, {0, 1, 2, 3, 1 / std::sqrt(1.001f), 1, 2, 3});
}

TEST_CASE("PFANet's kernels are (height, width, in, out), with dilations 3, 5 and 7",
          "[branches]") {
  // Each dilated branch sees the element to the left alone.
  const auto left = [](const std::string& name) { return one_at(name, {3, 3, 1, 1}, 3, 1); };
  const Weights weights = {weight("C3_cfe_cfe0.kernel", {1, 1, 1, 1}, {0}),
                           left("C3_cfe_cfe1_dilation.kernel"),
                           left("C3_cfe_cfe2_dilation.kernel"),
                           left("C3_cfe_cfe3_dilation.kernel"),
                           weight("C3_cfe_BN.gamma", {4}, {1}),
                           weight("C3_cfe_BN.beta", {4}, {0}),
                           weight("C3_cfe_BN.moving_mean", {4}, {0}),
                           weight("C3_cfe_BN.moving_variance", {4}, {1})};
  const HostTensor y =
      run_with(layer("PyramidFeatureAttention"), weights, {one_at("x", {1, 1, 2, 8}, 0, 1000)})
          .output();
  for (size_t i = 0; i < 64; ++i) {
    INFO(i);
    const bool seen = i == 16 + 3 || i == 32 + 5 || i == 48 + 7;
    CHECK((y.values<float>()[i] > 1) == seen);
  }
}

TEST_CASE("PFANet's spatial map comes from high, weighs low, and is at least a half",
          "[branches]") {
  Weights weights;
  for (const char* branch : {"1", "2"}) {
    const std::string conv = std::string("spatial_attention_") + branch + "_conv";
    const std::string norm = std::string("attention") + branch + "_";
    const bool across = *branch == '1';
    const Shape first = across ? Shape{1, 9, 2, 1} : Shape{9, 1, 2, 1};
    const Shape second = across ? Shape{9, 1, 1, 1} : Shape{1, 9, 1, 1};
    weights = joined({weights,
                      {weight(conv + "1.kernel", first, {1}), weight(conv + "1.bias", {1}, {0}),
                       weight(conv + "2.kernel", second, {0}), weight(conv + "2.bias", {1}, {0})}});
    for (const char* step : {"1", "2"}) {
      // The second batch norm of branch 1 gives 0.5, that of branch 2 nothing: rectified before
      // the sum.
      const float beta = *step == '1' ? 0 : across ? 0.5f : -5.0f;
      weights = joined({weights,
                        {weight(norm + step + "_BN.gamma", {1}, {1}),
                         weight(norm + step + "_BN.beta", {1}, {beta}),
                         weight(norm + step + "_BN.moving_mean", {1}, {0}),
                         weight(norm + step + "_BN.moving_variance", {1}, {1})}});
    }
  }
  const HostTensor low = weight("low", {1, 1, 1, 2}, {8, -4});
  const LayerResults results = run_with(layer("PyramidFeatureAttention"), weights,
                                        {low, random_input("high", {1, 2, 1, 2}, 1)});
  const float s = sigmoid(0.5f);
  check_values(results.map(), {1, 1, 1, 2}, {s});
  check_values(results.output(), {1, 1, 1, 2}, {8 * s, -4 * s});
}

TEST_CASE("PFANet never reads the moving averages, and its images depend on one another",
          "[branches]") {
  for (Fixture& fixture : read_fixtures("pfanet")) {
    if (fixture.dialect == "channel") continue;
    INFO(fixture.name);
    for (NamedWeight& named : fixture.weights) {
      if (named.name.find(".moving_") == std::string::npos) continue;
      const std::vector<float> values(static_cast<size_t>(named.value->shape.count()), 1e3f);
      named.value = make_constant(values, named.value->shape);
    }
    const Layer pyramid = {"PyramidFeatureAttention", "", fixture.options, {}};
    const auto results = run_layer(pyramid, &fixture.weights, fixture.inputs);
    REQUIRE(results.status().message == "");
    CHECK(difference(results.value().output(), fixture.outputs[0], {1e-4, 1e-5}) == "");
    if (fixture.inputs[0].shape[0] == 1) continue;
    // The first image alone.
    const auto half = [](HostTensor batch) {
      batch.shape[0] = 1;
      batch.data.resize(batch.data.size() / 2);
      return batch;
    };
    for (HostTensor& given : fixture.inputs) given = half(given);
    const auto alone = run_layer(pyramid, &fixture.weights, fixture.inputs);
    REQUIRE(alone.status().message == "");
    CHECK(difference(alone.value().output(), half(fixture.outputs[0]), {1e-3, 1e-3}) != "");
  }
}

TEST_CASE("PFANet's Dense layers are found by either of Keras' ways to number them", "[branches]") {
  for (const bool from_zero : {false, true}) {
    const std::string first = from_zero ? "dense" : "dense_1";
    const std::string second = from_zero ? "dense_1" : "dense_2";
    // (in, out): the first connection reads channel 0, the second gates channel 1 alone.
    const Weights weights = {
        weight(first + ".kernel", {2, 1}, {1, 0}), weight(first + ".bias", {1}, {0}),
        weight(second + ".kernel", {1, 2}, {0, 1}), weight(second + ".bias", {2}, {0})};
    const LayerResults results =
        run_with(layer("PyramidFeatureAttention"), weights, {input({1, 2, 1, 2}, {1, 3, 10, 20})});
    check_values(results.map(), {1, 2, 1, 1}, {0.5f, sigmoid(2)});
    check_values(results.output(), {1, 2, 1, 2}, {0.5f, 1.5f, 10 * sigmoid(2), 20 * sigmoid(2)});
  }
}

TEST_CASE("a new PFANet needs to know the channels of its levels", "[branches]") {
  CHECK(layer_error(layer("PyramidFeatureAttention"), nullptr, {}) ==
        "PyramidFeatureAttention: a new layer needs the option 'channels'");
  CHECK(layer_error(layer("PyramidFeatureAttention", {{"part", "channels"}, {"channels", 8}}),
                    nullptr, {}) ==
        "PyramidFeatureAttention: the option 'part' is 'channels', expected "
        "whole|context|channel|spatial");
}

// Squeeze-excite, ECA, CBAM, scSE and SOCA: what their formulas say where implementations differ.
// What holds for all gates is in gate_properties_test.cpp.
#include <catch2/catch.hpp>

#include "support/single_layers.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

// The shape of a new layer's weight.
Shape new_weight(const Layer& layer, const std::string& name) {
  const Result<Graph> graph = attention::build_layer(layer, nullptr);
  REQUIRE(graph.status().message == "");
  for (const Tensor& tensor : graph.value().tensors) {
    if (tensor.name == name) return tensor.constant->shape;
  }
  FAIL("there is no weight " << name);
  return {};
}

std::string error_with(const Layer& layer, const Weights& weights,
                       const std::vector<HostTensor>& inputs = {}) {
  const NamedWeights named = named_weights(weights);
  return layer_error(layer, &named, inputs);
}

// Two connections of one hidden unit: s = gate(out * act(sum of z + hidden_bias) + bias).
Weights mlp(const std::string& first, const std::string& second, Extent channels, float out,
            float bias) {
  return joined({flat(first, {1, channels}, 1, 0), flat(second, {channels, 1}, out, bias)});
}

}  // namespace

// --- Squeeze-excite ---

TEST_CASE("hard sigmoids have the slopes of PyTorch, of Keras and of old mmcv", "[gates]") {
  const HostTensor x = input({1, 1, 2, 2}, {1});
  const auto gate = [&](const char* name, float bias) {
    return run_with(layer("SqueezeExcite", {{"gate", name}}), mlp("fc1", "fc2", 1, 0, bias), {x})
        .map()
        .values<float>()[0];
  };
  CHECK(gate("hard_sigmoid", 1) == Approx(2.0f / 3));
  CHECK(gate("keras", 1) == Approx(0.7f));
  CHECK(gate("mmcv", 0.5f) == Approx(0.75f));
  CHECK(gate("hard_sigmoid", -3) == 0);
  CHECK(gate("hard_sigmoid", -2.9f) > 0);
  CHECK(gate("keras", -2.5f) == 0);
  CHECK(gate("mmcv", 1) == 1);
}

TEST_CASE("a new squeeze-excite has timm's width: a multiple of 8, and at least that", "[gates]") {
  for (const auto& [channels, hidden] :
       std::initializer_list<std::pair<Extent, Extent>>{{16, 8},
                                                        {64, 8},
                                                        {96, 8},
                                                        {128, 8},
                                                        {192, 16},
                                                        {240, 16},
                                                        {480, 32},
                                                        {576, 40},
                                                        {672, 40},
                                                        {960, 64},
                                                        {1024, 64}}) {
    CAPTURE(channels);
    CHECK(new_weight(layer("SqueezeExcite", {{"channels", double(channels)}}), "fc1.weight") ==
          Shape{hidden, channels});
  }
  CHECK(new_weight(layer("SqueezeExcite", {{"channels", 64}, {"reduction", 4}}), "fc2.weight") ==
        Shape{64, 16});
  CHECK(new_weight(layer("SqueezeExcite", {{"channels", 64}, {"hidden", 5}}), "fc2.weight") ==
        Shape{64, 5});
}

TEST_CASE("timm's addMaxPool is the mean of both pools, not their sum", "[gates]") {
  const LayerResults results = run_with(layer("SqueezeExcite", {{"addMaxPool", 1}}),
                                        mlp("fc1", "fc2", 1, 1, 0), {input({1, 1, 1, 2}, {2, 4})});
  check_values(results.map(), {1, 1, 1, 1}, {sigmoid(3.5f)});
}

TEST_CASE("a batch norm between squeeze-excite's connections counts, with and without a bias there",
          "[gates]") {
  Weights weights = {weight("fc1.weight", {2, 1}, {1, -1}),
                     weight("bn.weight", {2}, {2, 3}),
                     weight("bn.bias", {2}, {0.5f, -1}),
                     weight("bn.running_mean", {2}, {1, -4}),
                     weight("bn.running_var", {2}, {4 - 1e-5f, 1 - 1e-5f}),
                     weight("fc2.weight", {1, 2}, {1, 0.25f})};
  const HostTensor x = input({1, 1, 1, 2}, {2, 4});  // mean 3
  // (3 - 1) / 2 * 2 + 0.5 = 2.5; (-3 + 4) * 3 - 1 = 2.
  check_values(run_with(layer("SqueezeExcite"), weights, {x}).map(), {1, 1, 1, 1},
               {sigmoid(2.5f + 0.5f)});
  weights.push_back(weight("fc1.bias", {2}, {-1, 1}));
  // (2 - 1) + 0.5 = 1.5; (-2 + 4) * 3 - 1 = 5.
  check_values(run_with(layer("SqueezeExcite"), weights, {x}).map(), {1, 1, 1, 1},
               {sigmoid(1.5f + 1.25f)});
}

TEST_CASE("squeeze-excite of a sequence gates its channels", "[gates]") {
  const LayerResults results = run_with(layer("SqueezeExcite"), mlp("fc.0", "fc.2", 2, 1, -1),
                                        {input({1, 2, 3}, {1, 2, 3, 4, 0, -4})});
  const float s = sigmoid(1);
  check_values(results.map(), {1, 2, 1}, {s});
  check_values(results.output(), {1, 2, 3}, {s, 2 * s, 3 * s, 4 * s, 0, -4 * s});
}

TEST_CASE("squeeze-excite names what is missing, wrong and not its own", "[gates]") {
  Weights weights = mlp("fc1", "fc2", 4, 1, 0);
  weights[2] = weight("fc2.weight", {4, 2}, {1});
  weights.push_back(weight("fc3.weight", {1}, {1}));
  CHECK(error_with(layer("SqueezeExcite"), weights) ==
        "weights of a wrong shape: fc2.weight float32 (4, 2) (expected float32 (4, 1)); not of the "
        "layer: fc3.weight");
  CHECK(error_with(layer("SqueezeExcite"), flat("fc1", {1, 4}, 1, 0)) ==
        "weights missing: fc2.weight");
  CHECK(error_with(layer("SqueezeExcite", {{"gate", "soft"}}), mlp("fc1", "fc2", 4, 1, 0))
            .find("SqueezeExcite: the option 'gate' is 'soft', expected one of none relu") == 0);
  CHECK(error_with(layer("ConcurrentSqueezeExcite", {{"layout", "NHWC"}, {"channels", 4}}), {})
            .find("weights missing") == 0);
  CHECK(layer_error(layer("ConcurrentSqueezeExcite", {{"layout", "NHWC"}, {"channels", 4}}),
                    nullptr, {}) == "ConcurrentSqueezeExcite: there is no option 'layout'");
}

// --- ECA ---

TEST_CASE("ECA's kernel size comes from the weight, not from the channels", "[gates]") {
  const HostTensor x = input({1, 4, 1, 1}, {1, 2, 3, 4});
  const LayerResults wide =
      run_with(layer("ECA"), {weight("conv.weight", {1, 1, 7}, {0, 0, 0, 0, 0, 0, 1})}, {x});
  check_values(wide.map(), {1, 4, 1, 1}, {sigmoid(4), 0.5f, 0.5f, 0.5f});
}

TEST_CASE("ECA correlates: the kernel is not flipped, and zeros lie around the channels",
          "[gates]") {
  const Weights weights = {weight("conv.weight", {1, 1, 3}, {1, 0, -0.5f})};
  const HostTensor x = input({1, 3, 1, 2}, {0, 2, 1, 3, 4, 4});  // means 1, 2, 4
  check_values(run_with(layer("ECA"), weights, {x}).map(), {1, 3, 1, 1},
               {sigmoid(-1), sigmoid(1 - 2), sigmoid(2)});
  // Around the ends, the last channel is in front of the first one.
  check_values(run_with(layer("ECA", {{"padding", "circular"}}), weights, {x}).map(), {1, 3, 1, 1},
               {sigmoid(4 - 1), sigmoid(1 - 2), sigmoid(2 - 0.5f)});
}

TEST_CASE("ECA takes a kernel for each channel, and a bias", "[gates]") {
  const HostTensor x = input({1, 3, 1, 1}, {1, 2, 4});
  Weights weights = {weight("conv.weight", {3, 1, 3}, {0, 1, 0, 1, 0, 0, 1, 0, 1})};
  check_values(run_with(layer("ECA"), weights, {x}).map(), {1, 3, 1, 1},
               {sigmoid(1), sigmoid(1), sigmoid(2)});
  weights.push_back(weight("conv.bias", {3}, {-1, 0, 1}));
  check_values(run_with(layer("ECA"), weights, {x}).map(), {1, 3, 1, 1},
               {sigmoid(0), sigmoid(1), sigmoid(3)});
  const Weights shared = flat("conv", {1, 1, 1}, 1, 0.5f);
  check_values(run_with(layer("ECA"), shared, {x}).map(), {1, 3, 1, 1},
               {sigmoid(1.5f), sigmoid(2.5f), sigmoid(4.5f)});
}

TEST_CASE("a new ECA has the kernel of the formula", "[gates]") {
  for (const auto& [channels, kernel] :
       std::initializer_list<std::pair<Extent, Extent>>{{1, 1},
                                                        {7, 1},
                                                        {8, 3},
                                                        {64, 3},
                                                        {127, 3},
                                                        {128, 5},
                                                        {512, 5},
                                                        {2047, 5},
                                                        {2048, 7},
                                                        {32767, 7}}) {
    CAPTURE(channels);
    CHECK(new_weight(layer("ECA", {{"channels", double(channels)}}), "conv.weight") ==
          Shape{1, 1, kernel});
  }
  CHECK(new_weight(layer("ECA", {{"kernelSize", 9}}), "conv.weight") == Shape{1, 1, 9});
  CHECK(new_weight(layer("ECA", {{"channels", 64}, {"perChannel", 1}}), "conv.weight") ==
        Shape{64, 1, 3});
  CHECK(new_weight(layer("ECA", {{"channels", 64}, {"useMlp", 1}}), "conv2.weight") ==
        Shape{1, 8, 3});
}

TEST_CASE("ECA's form with two convolutions takes sequences as well", "[gates]") {
  const Weights weights = joined(
      {{weight("conv.weight", {2, 1, 1}, {1, -1}), weight("conv.bias", {2}, {0, 1}),
        weight("conv2.weight", {1, 2, 3}, {1, 0, 0, 0, 2, 0}), weight("conv2.bias", {1}, {-1})}});
  // h0 = relu(z), h1 = relu(1 - z); u[c] = h0[c - 1] + 2 h1[c] - 1.
  const LayerResults results =
      run_with(layer("ECA"), weights, {input({1, 3, 2}, {0, 1, 2, 4, -1, -1})});
  check_values(results.map(), {1, 3, 1}, {sigmoid(0), sigmoid(-0.5f), sigmoid(3 + 4 - 1)});
}

TEST_CASE("ECA refuses kernels that it cannot centre, and options that do not fit", "[gates]") {
  const Weights even = {weight("conv.weight", {1, 1, 4}, {1})};
  CHECK(error_with(layer("ECA"), even) == "ECA: the kernel's size is 4, not odd");
  CHECK(layer_error(layer("ECA"), nullptr, {}) == "ECA: a new layer needs the option 'channels'");
  CHECK(layer_error(layer("ECA", {{"kernelSize", 3}, {"perChannel", 1}}), nullptr, {}) ==
        "ECA: a new layer needs the option 'channels'");
  const Weights three = {weight("conv.weight", {3, 1, 3}, {1})};
  CHECK(error_with(layer("ECA", {{"channels", 4}}), three) ==
        "ECA: the option 'channels' is 4, the weights say 3");
  CHECK(error_with(layer("ECA"), three, {random_input("x", {1, 4, 2, 2}, 1)})
            .find("(batch, 3, ...)") != std::string::npos);
  CHECK(layer_error(layer("ECA", {{"kernelSize", 3}, {"useMlp", 1}, {"padding", "circular"}}),
                    nullptr, {}) == "ECA: 'useMlp' has no circular padding");
}

// --- CBAM ---

TEST_CASE("CBAM's pools share one network, whose last bias counts for each of them", "[gates]") {
  // Of the channel's values 2 and -4: mean -1, maximum 2. W2 relu(W1 z) = relu(z).
  const HostTensor x = input({1, 1, 1, 2}, {2, -4});
  const auto map = [&](Options options) {
    return run_with(layer("ChannelGate", std::move(options)), mlp("mlp.1", "mlp.3", 1, 1, 0.25f),
                    {x})
        .map()
        .values<float>()[0];
  };
  CHECK(map({}) == Approx(sigmoid(0 + 2 + 2 * 0.25f)));
  CHECK(map({{"pools", "avg"}}) == Approx(sigmoid(0.25f)));
  CHECK(map({{"pools", "max"}}) == Approx(sigmoid(2.25f)));
  // The plain L2 norm; log-sum-exp with the count in it.
  CHECK(map({{"pools", "lp"}}) == Approx(sigmoid(std::sqrt(20.0f) + 0.25f)));
  CHECK(map({{"pools", "lse"}}) ==
        Approx(sigmoid(std::log(std::exp(2.0f) + std::exp(-4.0f)) + 0.25f)));
  CHECK(map({{"pools", "lse,avg,max"}}) ==
        Approx(sigmoid(std::log(std::exp(2.0f) + std::exp(-4.0f)) + 2 + 0.75f)));
  // Light: the network sees (-1 + 2) / 2.
  CHECK(map({{"light", 1}}) == Approx(sigmoid(0.5f + 0.25f)));
}

TEST_CASE("log-sum-exp of large values does not overflow", "[gates]") {
  const LayerResults results =
      run_with(layer("ChannelGate", {{"pools", "lse"}}), mlp("mlp.1", "mlp.3", 1, 0.01f, 0),
               {input({1, 1, 1, 2}, {200, 200})});
  check_values(results.map(), {1, 1, 1, 1}, {sigmoid(2 + 0.01f * std::log(2.0f))});
}

namespace {

// A spatial gate that is the sigmoid of what is in the middle of its window's channel `pool`.
HostTensor centre_of(const std::string& name, Extent pool, Extent pools = 2) {
  return changed(weight(name, {1, pools, 3, 3}, {0}), static_cast<size_t>(pool) * 9 + 4, 1);
}

}  // namespace

TEST_CASE("CBAM pools the maximum first, timm's the mean first", "[gates]") {
  const HostTensor x = input({1, 2, 1, 1}, {1, 5});
  const auto gate = [&](const Weights& weights, Options options = {}) {
    return run_with(layer("SpatialGate", std::move(options)), weights, {x})
        .map()
        .values<float>()[0];
  };
  const Weights official =
      joined({{centre_of("spatial.conv.weight", 0)}, plain_batch_norm("spatial.bn", 1)});
  CHECK(gate(official) == Approx(sigmoid(5)));
  CHECK(gate(official, {{"order", "mean-max"}}) == Approx(sigmoid(3)));
  const Weights timm = joined({{centre_of("conv.conv.weight", 0)}, plain_batch_norm("conv.bn", 1)});
  CHECK(gate(timm) == Approx(sigmoid(3)));
  CHECK(gate(timm, {{"order", "max-mean"}}) == Approx(sigmoid(5)));
  const Weights light =
      joined({{centre_of("conv.conv.weight", 0, 1)}, plain_batch_norm("conv.bn", 1, 1)});
  CHECK(gate(light) == Approx(sigmoid(4 + 1)));
  const Weights xmu = {centre_of("conv.weight", 1), weight("conv.bias", {1}, {-1})};
  CHECK(gate(xmu) == Approx(sigmoid(3 - 1)));
}

TEST_CASE("CBAM's spatial gate sees what the channel gate has left", "[gates]") {
  // The channel gate is 1/2 throughout; the spatial one sees half of the maximum, 2.
  const Weights weights = joined({mlp("ChannelGate.mlp.1", "ChannelGate.mlp.3", 2, 0, 0),
                                  {centre_of("SpatialGate.spatial.conv.weight", 0)},
                                  plain_batch_norm("SpatialGate.spatial.bn", 1)});
  const HostTensor x = input({1, 2, 1, 1}, {-1, 4});
  const LayerResults results = run_with(layer("CBAM"), weights, {x});
  check_values(results.map("spatial"), {1, 1, 1, 1}, {sigmoid(2)});
  check_values(results.output(), {1, 2, 1, 1}, {-0.5f * sigmoid(2), 2 * sigmoid(2)});
  check_values(run_with(layer("CBAM", {{"residual", 1}}), weights, {x}).output(), {1, 2, 1, 1},
               {-0.5f * sigmoid(2) - 1, 2 * sigmoid(2) + 4});
  CHECK(error_with(layer("CBAM", {{"noSpatial", 1}}), weights).find("weights not of the layer") ==
        0);
}

TEST_CASE("CBAM of xmu's names adds its input unless told not to", "[gates]") {
  const Weights weights = joined(
      {{weight("ca.se.0.weight", {1, 2, 1, 1}, {0}), weight("ca.se.2.weight", {2, 1, 1, 1}, {0}),
        weight("sa.conv.weight", {1, 2, 1, 1}, {0}), weight("sa.conv.bias", {1}, {0})}});
  const HostTensor x = input({1, 2, 1, 1}, {4, 8});
  check_values(run_with(layer("CBAM"), weights, {x}).output(), {1, 2, 1, 1}, {5, 10});
  check_values(run_with(layer("CBAM", {{"residual", 0}}), weights, {x}).output(), {1, 2, 1, 1},
               {1, 2});
}

TEST_CASE("CBAM tells timm's light form by its spatial weight", "[gates]") {
  Weights weights = joined({{weight("channel.fc1.weight", {1, 1, 1, 1}, {1}),
                             weight("channel.fc2.weight", {1, 1, 1, 1}, {1}),
                             centre_of("spatial.conv.conv.weight", 0, 1)},
                            plain_batch_norm("spatial.conv.bn", 1)});
  const HostTensor x = input({1, 1, 1, 2}, {2, 6});  // mean 4, maximum 6
  check_values(run_with(layer("CBAM"), weights, {x}).map("channel"), {1, 1, 1, 1}, {sigmoid(5)});
  weights[2] = centre_of("spatial.conv.conv.weight", 0);
  check_values(run_with(layer("CBAM"), weights, {x}).map("channel"), {1, 1, 1, 1}, {sigmoid(10)});
}

TEST_CASE("a new channel gate is a sixteenth as wide inside, and not less than 1", "[gates]") {
  CHECK(new_weight(layer("ChannelGate", {{"channels", 40}}), "mlp.1.weight") == Shape{2, 40});
  CHECK(new_weight(layer("ChannelGate", {{"channels", 8}}), "mlp.3.weight") == Shape{8, 1});
  CHECK(new_weight(layer("CBAM", {{"channels", 8}, {"kernelSize", 5}}),
                   "SpatialGate.spatial.conv.weight") == Shape{1, 2, 5, 5});
}

TEST_CASE("CBAM lists the weights of both gates", "[gates]") {
  CHECK(error_with(layer("CBAM"), flat("ChannelGate.mlp.1", {2, 4}, 0, 0)) ==
        "weights missing: ChannelGate.mlp.3.weight, SpatialGate.spatial.conv.weight, "
        "SpatialGate.spatial.bn.weight, SpatialGate.spatial.bn.bias, "
        "SpatialGate.spatial.bn.running_mean, SpatialGate.spatial.bn.running_var");
  CHECK(error_with(layer("CBAM", {{"pools", "avg,min"}, {"noSpatial", 1}}),
                   mlp("ChannelGate.mlp.1", "ChannelGate.mlp.3", 4, 1, 0)) ==
        "CBAM: the option 'pools' is 'min', expected avg|max|lp|lse");
}

// --- scSE ---

TEST_CASE("scSE is the greater of its two products, or their sum", "[gates]") {
  // s = sigmoid(1), q = sigmoid(x0 - 1) = 1/2 where x0 is 1, sigmoid(1) where it is 2.
  const Weights weights = joined(
      {mlp("cSE.fc1", "cSE.fc2", 2, 0, 1),
       {weight("sSE.conv.weight", {1, 2, 1, 1}, {1, 0}), weight("sSE.conv.bias", {1}, {-1})}});
  const HostTensor x = input({1, 2, 1, 2}, {1, 3, 4, -4});
  const float s = sigmoid(1), q = sigmoid(2);
  const LayerResults max = run_with(layer("ConcurrentSqueezeExcite"), weights, {x});
  check_values(max.map("channel"), {1, 2, 1, 1}, {s});
  check_values(max.map("spatial"), {1, 1, 1, 2}, {0.5f, q});
  // Of what is negative the smaller gate gives the greater product.
  check_values(max.output(), {1, 2, 1, 2}, {s, 3 * q, 4 * s, -4 * s});
  check_values(
      run_with(layer("ConcurrentSqueezeExcite", {{"merge", "sum"}}), weights, {x}).output(),
      {1, 2, 1, 2}, {s + 0.5f, 3 * (s + q), 4 * (s + 0.5f), -4 * (s + q)});
}

// --- SOCA ---

namespace {

// A SOCA whose map is the sigmoid of the channels' sum of v, where that is positive.
Weights soca_weights(Extent channels) { return mlp("conv_du.0", "conv_du.2", channels, 1, 0); }

float logit(float s) { return std::log(s / (1 - s)); }

}  // namespace

TEST_CASE("SOCA takes five steps of Newton and Schulz, which have not converged", "[gates]") {
  // Two channels without correlation, of the variances 1 and 0.0001: the matrix stays diagonal, and
  // five steps of y <- y (3 - z y) / 2 from a and 1 give, in double, what stands here. The root of
  // the smaller one would be 0.01.
  const HostTensor x = input({1, 2, 2, 2}, {1, 1, -1, -1, 0.01f, -0.01f, 0.01f, -0.01f});
  double v = 0;
  for (const double variance : {1.0, 0.0001}) {
    double y = variance / 1.0001, z = 1;
    for (int step = 0; step < 5; ++step) {
      const double w = (3 - z * y) / 2;
      y *= w;
      z *= w;
    }
    v += std::sqrt(1.0001) * y / 2;
  }
  REQUIRE(std::abs(v - 0.505) > 0.001);  // the exact roots'
  const HostTensor map = run_with(layer("SOCA"), soca_weights(2), {x}).map();
  CHECK(logit(map.values<float>()[0]) == Approx(v).epsilon(1e-4));
  CHECK(logit(map.values<float>()[1]) == Approx(v).epsilon(1e-4));
}

TEST_CASE("SOCA's covariance is biased: divided by the number of positions", "[gates]") {
  // One channel: A = 1 stays 1, v is the deviation, sqrt(((1)^2 + (1)^2) / 2) = 1.
  const HostTensor map =
      run_with(layer("SOCA"), soca_weights(1), {input({1, 1, 1, 2}, {3, 5})}).map();
  CHECK(logit(map.values<float>()[0]) == Approx(1).epsilon(1e-5));
}

TEST_CASE("SOCA of a constant input is NaN, as the official 0 / 0", "[gates]") {
  for (const bool channels_last : {false, true}) {
    const HostTensor x = input({1, 3, 5, 7}, {0.3f});
    const LayerResults results = run_with(layer("SOCA"), soca_weights(3), {x}, channels_last);
    check_values(results.map(), {1, 3, 1, 1}, {kNaN});
    check_values(results.output(), {1, 3, 5, 7}, {kNaN});
  }
}

TEST_CASE("SOCA looks at the middle 1000x1000 by the official rule, or at all", "[gates]") {
  // The first 200 rows are of another deviation: 2 instead of 1.
  const auto deviation = [](Extent height, Extent width, Options options) {
    std::vector<float> values;
    for (Extent i = 0; i < height * width; ++i) {
      const float amplitude = i / width < 200 ? 2 : 1;
      values.push_back(i % 2 == 0 ? amplitude : -amplitude);
    }
    const HostTensor x =
        host_tensor(std::span<const float>(values), Shape{1, 1, height, width}, "x");
    return logit(
        run_with(layer("SOCA", std::move(options)), soca_weights(1), {x}).map().values<float>()[0]);
  };
  // 400 rows of exactly 1000 columns: the official slice begins 300 rows before the end.
  CHECK(deviation(400, 1000, {}) == Approx(std::sqrt((100 * 4 + 200) / 300.0)).epsilon(1e-4));
  CHECK(deviation(400, 1000, {{"crop", 0}}) == Approx(std::sqrt(2.5)).epsilon(1e-4));
  CHECK(deviation(400, 998, {}) == Approx(std::sqrt(2.5)).epsilon(1e-4));
  CHECK(deviation(400, 1002, {}) == Approx(std::sqrt(2.5)).epsilon(1e-4));
  CHECK(deviation(1200, 8, {}) == Approx(std::sqrt((100 * 4 + 900) / 1000.0)).epsilon(1e-4));
}

TEST_CASE("SOCA's non-local form takes the weights that the official code does not use",
          "[gates]") {
  const Weights block = joined(
      {flat("non_local.g.0", {1, 2, 1, 1}, 1, 0), flat("non_local.W", {2, 1, 1, 1}, 0, 0),
       flat("non_local.theta", {1, 2, 1, 1}, 1, 0), flat("non_local.phi.0", {1, 2, 1, 1}, 1, 0)});
  const Weights all = joined({block, mlp("soca.conv_du.0", "soca.conv_du.2", 2, 5, 5)});
  const HostTensor x = random_input("x", {1, 2, 5, 7}, 1);
  // W is 0: what is left is x.
  const LayerResults results = run_with(layer("SOCA"), all, {x});
  CHECK(difference(results.output(), x, {}) == "");
  CHECK(results.map("quarter0").shape == Shape{1, 6, 1});
  CHECK(results.map("quarter3").shape == Shape{1, 12, 2});
  CHECK(difference(run_with(layer("SOCA"), block, {x}).output(), x, {}) == "");
}

TEST_CASE("a new SOCA is an eighth as wide inside", "[gates]") {
  CHECK(new_weight(layer("SOCA", {{"channels", 64}}), "conv_du.0.weight") == Shape{8, 64});
  CHECK(new_weight(layer("SOCA", {{"channels", 64}, {"reduction", 16}}), "conv_du.2.weight") ==
        Shape{64, 4});
  CHECK(layer_error(layer("SOCA"), nullptr, {}) == "SOCA: a new layer needs the option 'channels'");
}

// --- Identity ---

TEST_CASE("a channel gate that is wide open gives its input", "[gates]") {
  const HostTensor x = random_input("x", {2, 3, 4, 5}, 1);
  const auto check = [&](const Layer& open, const Weights& weights) {
    INFO(open.kind);
    CHECK(difference(run_with(open, weights, {x}).output(), x, {}) == "");
  };
  check(layer("SqueezeExcite"), mlp("fc1", "fc2", 3, 0, 100));
  check(layer("ChannelAttention"), flat("fc", {3, 3}, 0, 100));
  check(layer("ECA"), flat("conv", {1, 1, 3}, 0, 100));
  check(layer("ChannelGate"), mlp("mlp.1", "mlp.3", 3, 0, 100));
  check(layer("SpatialGate"), joined({{weight("spatial.conv.weight", {1, 2, 7, 7}, {0})},
                                      plain_batch_norm("spatial.bn", 1, 100)}));
  check(layer("SpatialSqueeze"), flat("conv", {1, 3, 1, 1}, 0, 100));
  check(layer("SOCA"), mlp("conv_du.0", "conv_du.2", 3, 0, 100));
}

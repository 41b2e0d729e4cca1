// Attention over the positions of a map: what the formulas say where implementations go wrong, and
// what holds for all of these layers.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "graph/optimize.h"
#include "graph/session.h"
#include "support/run_layer.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

constexpr Tolerance kTolerance = {1e-5, 1e-6};
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

using Weights = std::vector<HostTensor>;

float sigmoid(float v) { return 1 / (1 + std::exp(-v)); }

Layer layer(const char* kind, Options options) { return {kind, "", std::move(options), {}}; }

Weights joined(std::initializer_list<Weights> parts) {
  Weights all;
  for (const Weights& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// A convolution (or a connection) whose weights are all `value`, with a bias.
Weights flat(const std::string& name, const Shape& shape, float value, float bias) {
  return {weight(name + ".weight", shape, {value}), weight(name + ".bias", {shape[0]}, {bias})};
}

HostTensor input(const Shape& shape, std::initializer_list<float> values) {
  return weight("x", shape, values);
}

LayerResults run_with(const Layer& layer, const Weights& weights,
                      const std::vector<HostTensor>& inputs) {
  const NamedWeights named = named_weights(weights);
  auto results = run_layer(layer, &named, inputs);
  REQUIRE(results.status().message == "");
  return std::move(results.value());
}

LayerResults run_new(const Layer& layer, const std::vector<HostTensor>& inputs,
                     bool channels_last = false) {
  auto results = run_layer(layer, nullptr, inputs, channels_last);
  REQUIRE(results.status().message == "");
  return std::move(results.value());
}

std::string error_with(const Layer& layer, const Weights& weights,
                       const std::vector<HostTensor>& inputs) {
  const NamedWeights named = named_weights(weights);
  return layer_error(layer, &named, inputs);
}

void check_values(const HostTensor& actual, const Shape& shape, std::initializer_list<float> v) {
  CHECK(difference(actual, weight(actual.name, shape, v), kTolerance) == "");
}

void check_same(const HostTensor& actual, const HostTensor& expected) {
  CHECK(difference(actual, expected, kTolerance) == "");
}

// The image `from` of a batch (of two), or of a map in which images lie behind one another.
HostTensor half(const HostTensor& batch, int from) {
  HostTensor part = batch;
  part.shape[0] /= 2;
  const size_t bytes = batch.data.size() / 2;
  part.data.assign(batch.data.begin() + static_cast<std::ptrdiff_t>(bytes) * from,
                   batch.data.begin() + static_cast<std::ptrdiff_t>(bytes) * (from + 1));
  return part;
}

HostTensor swapped(const HostTensor& batch) {
  HostTensor result = half(batch, 1);
  const HostTensor first = half(batch, 0);
  result.shape = batch.shape;
  result.data.insert(result.data.end(), first.data.begin(), first.data.end());
  return result;
}

}  // namespace

// --- Non-local ---

namespace {

struct Names {
  const char *theta, *phi, *g, *out, *norm;
};
constexpr Names kFacebook = {"_theta", "_phi", "_g", "_out", "_bn"};
constexpr Names kAlexHex7 = {"theta", "phi", "g", "W.0", "W.1"};
constexpr Names kMmdet = {"theta.conv", "phi.conv", "g.conv", "conv_out.conv", "conv_out.bn"};
constexpr Names kTimm = {"t", "p", "g", "z", "norm"};

// 8 channels, 4 inside. Queries are ones, keys and values `of_x` times the first channel: for two
// positions 0 and 1 the scores are 0 and 4 of_x.
Weights non_local_weights(const Names& names, float of_x = 1) {
  HostTensor first = weight("", {4, 8, 1, 1}, {0});
  for (size_t row = 0; row < 4; ++row) {
    std::memcpy(first.data.data() + row * 8 * sizeof(float), &of_x, sizeof(float));
  }
  Weights weights =
      joined({flat(names.theta, {4, 8, 1, 1}, 0, 1), flat(names.phi, {4, 8, 1, 1}, 0, 0),
              flat(names.g, {4, 8, 1, 1}, 0, 0), flat(names.out, {8, 4, 1, 1}, 0.25f, 0),
              plain_batch_norm(names.norm, 8)});
  for (HostTensor& weight : weights) {
    if (weight.name == names.phi + std::string(".weight") ||
        weight.name == names.g + std::string(".weight")) {
      weight.data = first.data;
    }
  }
  return weights;
}

}  // namespace

TEST_CASE("non-local blocks scale their scores as their authors do", "[spatial]") {
  const HostTensor x = input({1, 8, 1, 2}, {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const auto share = [&](const Names& names, Options options) {
    return run_with(layer("NonLocal", std::move(options)), non_local_weights(names), {x});
  };
  const auto check = [](const LayerResults& results, float score) {
    const float second = sigmoid(score);
    check_values(results.map(), {1, 2, 2}, {1 - second, second, 1 - second, second});
    // W is the mean of the values, which are 0 and 1.
    CHECK(element(results.output(), 0) == Approx(second));
    CHECK(element(results.output(), 1) == Approx(1 + second));
  };
  check(share(kAlexHex7, {}), 4);                    // not at all
  check(share(kFacebook, {{"pool", 0}}), 4 / 2.0f);  // by 1 / sqrt(4)
  check(share(kMmdet, {}), 4 * 2.0f);                // by sqrt(4): they divide by its inverse
  check(share(kTimm, {}), 4 / std::sqrt(8.0f));      // by 1 / sqrt(channels)
  check(share(kTimm, {{"scale", 0.25}}), 1);
}

TEST_CASE("facebook pools in front of the convolutions, AlexHex7 behind them", "[spatial]") {
  HostTensor x = weight("x", {1, 8, 2, 2}, {0});
  const float values[] = {1, 2, 3, 4};
  std::memcpy(x.data.data(), values, sizeof values);
  // Values are -x: of the pooled x -4, or the greatest of them, -1.
  const auto value = [&](const Names& names) {
    const LayerResults results =
        run_with(layer("NonLocal", {{"pool", 1}}), non_local_weights(names, -1), {x});
    check_values(results.map(), {1, 4, 1}, {1});
    return element(results.output(), 0) - 1;
  };
  CHECK(value(kFacebook) == Approx(-4));
  CHECK(value(kAlexHex7) == Approx(-1));
}

TEST_CASE("names that end with .0 are those of a pooled non-local block", "[spatial]") {
  Names names = kAlexHex7;
  names.phi = "phi.0";
  names.g = "g.0";
  const HostTensor x = weight("x", {1, 8, 2, 4}, {1});
  const LayerResults results = run_with(layer("NonLocal", {}), non_local_weights(names), {x});
  check_values(results.map(), {1, 8, 2}, {0.5f});
}

TEST_CASE("dot products and concatenations are divided by the number of keys", "[spatial]") {
  const HostTensor x = input({1, 8, 1, 2}, {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const Weights weights = non_local_weights(kAlexHex7);
  const LayerResults product = run_with(layer("NonLocal", {{"mode", "dot_product"}}), weights, {x});
  check_values(product.map(), {1, 2, 2}, {0, 2, 0, 2});
  CHECK(element(product.output(), 0) == Approx(2));
  // relu(q + k w) / 2, which the weights tell.
  const HostTensor both =
      weight("concat_project.0.weight", {1, 8, 1, 1}, {-0.5f, 0, 0, 0, 1, 1, 0, 0});
  const LayerResults concatenation =
      run_with(layer("NonLocal", {}), joined({weights, {both}}), {x});
  check_values(concatenation.map(), {1, 2, 2}, {0, 0.75f, 0, 0.75f});
  CHECK(element(concatenation.output(), 1) == Approx(1.75));
}

TEST_CASE("a non-local block without theta and phi compares x with itself", "[spatial]") {
  Weights weights;
  for (HostTensor& weight : non_local_weights(kAlexHex7)) {
    if (weight.name[0] != 't' && weight.name[0] != 'p') weights.push_back(std::move(weight));
  }
  const HostTensor x = input({1, 8, 1, 2}, {0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  check_values(run_with(layer("NonLocal", {}), weights, {x}).map(), {1, 2, 2},
               {0.5f, 0.5f, 1 - sigmoid(4), sigmoid(4)});
  // One of them alone is a mistake.
  weights.push_back(weight("theta.weight", {4, 8, 1, 1}, {0}));
  CHECK(error_with(layer("NonLocal", {}), weights, {x}) == "weights missing: phi.weight");
}

TEST_CASE("a non-local block's map of a video is pooled along height and width only", "[spatial]") {
  const Layer video = layer("NonLocal", {{"channels", 4}, {"axes", 3}, {"pool", 1}});
  const LayerResults results = run_new(video, {random_input("x", {1, 4, 3, 2, 5}, 1)});
  CHECK(results.map().shape == Shape{1, 30, 6});
  CHECK(results.output().shape == Shape{1, 4, 3, 2, 5});
  const Layer signal = layer("NonLocal", {{"channels", 4}, {"axes", 1}, {"pool", 1}});
  CHECK(run_new(signal, {random_input("x", {1, 4, 7}, 1)}).map().shape == Shape{1, 7, 3});
}

TEST_CASE("a non-local block whose norm has the gain 0 gives its input", "[spatial]") {
  Weights weights = non_local_weights(kAlexHex7);
  for (HostTensor& w : weights) {
    if (w.name == "W.1.weight") w = weight(w.name, {8}, {0});
  }
  const HostTensor x = random_input("x", {2, 8, 3, 4}, 1);
  check_same(run_with(layer("NonLocal", {}), weights, {x}).output(), x);
}

// --- Double attention ---

TEST_CASE("double attention gathers over positions and distributes over its maps", "[spatial]") {
  // One channel; A is x, B and V have two maps: x and -x (of V half of them).
  const Weights weights = {
      weight("convA.weight", {1, 1, 1, 1}, {1}),           weight("convA.bias", {1}, {0}),
      weight("convB.weight", {2, 1, 1, 1}, {1, -1}),       weight("convB.bias", {2}, {5, 0}),
      weight("convV.weight", {2, 1, 1, 1}, {0.5f, -0.5f}), weight("convV.bias", {2}, {0})};
  const HostTensor x = input({1, 1, 1, 2}, {0, 1});
  const LayerResults results = run_with(layer("DoubleAttention", {}), weights, {x});
  const float s = sigmoid(1);
  check_values(results.map("gather"), {1, 2, 2}, {1 - s, s, s, 1 - s});
  check_values(results.map("distribute"), {1, 2, 2}, {0.5f, s, 0.5f, 1 - s});
  // Gathered are s and 1 - s.
  check_values(results.output(), {1, 1, 1, 2}, {0.5f, s * s + (1 - s) * (1 - s)});
  // Over a batch of one all weights are 1.
  const LayerResults batch =
      run_with(layer("DoubleAttention", {{"softmax", "batch"}}), weights, {x});
  check_values(batch.map("gather"), {1, 2, 2}, {1});
  check_values(batch.output(), {1, 1, 1, 2}, {2});
}

// --- Criss-cross ---

namespace {

// One channel: q and k are x, v is x + 1.
Weights criss_cross_weights(float gamma) {
  return joined({flat("query_conv", {1, 1, 1, 1}, 1, 0),
                 flat("key_conv", {1, 1, 1, 1}, 1, 0),
                 flat("value_conv", {1, 1, 1, 1}, 1, 1),
                 {weight("gamma", {1}, {gamma})}});
}

}  // namespace

TEST_CASE("criss-cross attention counts a position once, in its row", "[spatial]") {
  const HostTensor x = input({1, 1, 2, 2}, {1, 2, 3, 4});
  const LayerResults results =
      run_with(layer("CrissCrossAttention", {}), criss_cross_weights(0.5f), {x});
  // Of the first: itself not in its column, below 3; in its row 1 and 2.
  const float a = std::exp(3.0f), b = std::exp(1.0f), c = std::exp(2.0f), sum = a + b + c;
  const auto values = results.map().values<float>();
  CHECK(results.map().shape == Shape{1, 2, 2, 4});
  CHECK(values[0] == 0);
  CHECK(values[1] == Approx(a / sum));
  CHECK(values[2] == Approx(b / sum));
  CHECK(values[3] == Approx(c / sum));
  CHECK(element(results.output(), 0) == Approx(1 + 0.5 * (4 * a + 2 * b + 3 * c) / sum));
  const LayerResults one = run_with(layer("CrissCrossAttention", {}), criss_cross_weights(1),
                                    {input({1, 1, 1, 1}, {3})});
  check_values(one.map(), {1, 1, 1, 2}, {0, 1});
  check_values(one.output(), {1, 1, 1, 1}, {7});
}

TEST_CASE("criss-cross attention done twice is itself of itself", "[spatial]") {
  const Weights weights = criss_cross_weights(0.5f);
  HostTensor x = random_input("x", {2, 1, 3, 4}, 1);
  const LayerResults twice =
      run_with(layer("CrissCrossAttention", {{"recurrence", 2}}), weights, {x});
  HostTensor once = run_with(layer("CrissCrossAttention", {}), weights, {x}).output();
  once.name = "x";
  const LayerResults again = run_with(layer("CrissCrossAttention", {}), weights, {once});
  check_same(twice.output(), again.output());
  check_same(twice.map(), again.map());
  check_same(run_with(layer("CrissCrossAttention", {}), criss_cross_weights(0), {x}).output(), x);
  CHECK(error_with(layer("CrissCrossAttention", {{"recurrence", 17}}), weights, {x}) ==
        "CrissCrossAttention: the option 'recurrence' is above 16");
}

// --- External attention ---

TEST_CASE("external attention's memories of keys and of values are two", "[spatial]") {
  // linear_0 sees x, x and 0; the values that linear_1 has are no transpose of it.
  const Weights weights = joined({flat("conv1", {1, 1, 1, 1}, 2, 7),
                                  plain_batch_norm("conv2.1", 1),
                                  {weight("linear_0.weight", {3, 1, 1}, {0.5f, 0.5f, 0}),
                                   weight("linear_1.weight", {1, 3, 1}, {1, 2, 4}),
                                   weight("conv2.0.weight", {1, 1, 1, 1}, {3})}});
  const HostTensor x = input({1, 1, 1, 2}, {0, 1});
  const LayerResults results = run_with(layer("ExternalAttention", {}), weights, {x});
  // Softmax over positions of (0, 1), (0, 1) and (0, 0), then over the three entries' sum.
  const float s = sigmoid(1), first = 2 * (1 - s) + 0.5f, second = 2 * s + 0.5f;
  check_values(
      results.map(), {1, 3, 2},
      {(1 - s) / first, s / second, (1 - s) / first, s / second, 0.5f / first, 0.5f / second});
  check_values(results.output(), {1, 1, 1, 2},
               {3 * (3 * (1 - s) + 2) / first, 3 * (3 * s + 2) / second + 1});
  // The rectifier stands behind the sum with x.
  const HostTensor low = input({1, 1, 1, 2}, {-100, -100});
  check_values(run_with(layer("ExternalAttention", {}), weights, {low}).output(), {1, 1, 1, 2},
               {0});
}

TEST_CASE("external attention's heads share their memories, and are four times as many",
          "[spatial]") {
  const Weights weights =
      joined({flat("trans_dims", {8, 2}, 0.5f, 0), flat("proj", {2, 8}, 1, 0),
              flat("linear_0", {3, 2}, 1, 0), flat("linear_1", {2, 3}, 1, 0.5f)});
  const HostTensor x = random_input("x", {1, 5, 2}, 1);
  const LayerResults results = run_with(layer("ExternalAttention", {{"heads", 1}}), weights, {x});
  // All entries of the memory are alike.
  check_values(results.map(), {1, 4, 5, 3}, {1.0f / 3});
  check_values(results.output(), {1, 5, 2}, {8 * 1.5f});
}

// --- Efficient attention ---

TEST_CASE("efficient attention normalizes keys over positions and queries over their channels",
          "[spatial]") {
  const Weights weights =
      joined({{weight("keys.weight", {2, 1, 1, 1}, {1, -1}), weight("keys.bias", {2}, {3, 0}),
               weight("queries.weight", {2, 1, 1, 1}, {1, 0}), weight("queries.bias", {2}, {0})},
              flat("values", {1, 1, 1, 1}, 1, 0),
              flat("reprojection", {1, 1, 1, 1}, 2, 0)});
  const HostTensor x = input({1, 1, 2, 1}, {0, 1});
  const LayerResults results = run_with(layer("EfficientAttention", {}), weights, {x});
  const float s = sigmoid(1);
  check_values(results.map("context"), {1, 1, 2, 1}, {s, 1 - s});
  check_values(results.output(), {1, 1, 2, 1}, {1, 1 + 2 * (s * s + (1 - s) * (1 - s))});
}

// --- Windows ---

namespace {

// One channel and head; q and k are nothing, v and proj give x.
Weights window_weights(const HostTensor& table, float value_bias = 0) {
  return {table, weight("qkv.weight", {3, 1}, {0, 0, 1}),
          weight("qkv.bias", {3}, {0, 0, value_bias}), weight("proj.weight", {1, 1}, {1}),
          weight("proj.bias", {1}, {0})};
}

HostTensor bias_table(const Shape& shape, std::initializer_list<float> values) {
  return weight("relative_position_bias_table", shape, values);
}

}  // namespace

TEST_CASE("the bias of a window is that of query minus key, rows before columns", "[spatial]") {
  // Of a window of 2 x 2: rows of the table are dy = -1, 0, 1, in each dx = -1, 0, 1.
  const HostTensor table = bias_table({9, 1}, {0, 0, 0, 0, 0, 0, 0, 2, 0});
  const LayerResults results = run_with(layer("WindowAttention", {}), window_weights(table),
                                        {input({1, 4, 1}, {1, 2, 3, 4})});
  // dy = 1, dx = 0: of the lower row's queries to what is above them.
  const float e = std::exp(2.0f), other = 1 / (e + 3), above = e / (e + 3);
  check_values(results.map(), {1, 1, 4, 4},
               {0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, above, other, other, other,
                other, above, other, other});
}

TEST_CASE("a window's seam costs 100, it does not close", "[spatial]") {
  // Neighbours in a window have a bias of 100.
  const HostTensor table = bias_table({3, 1}, {100, 0, 100});
  const Layer rolled =
      layer("WindowAttention", {{"window", {1, 2}}, {"layout", "NHWC"}, {"shift", {0, 1}}});
  const LayerResults results =
      run_with(rolled, window_weights(table), {input({1, 1, 4, 1}, {1, 2, 3, 4})});
  // Windows (1, 2) and (3, 0): across the seam 100 - 100 is as much as to itself.
  check_values(results.map(), {2, 1, 2, 2}, {0, 1, 1, 0, 0.5f, 0.5f, 0.5f, 0.5f});
  check_values(results.output(), {1, 1, 4, 1}, {2.5f, 3, 2, 2.5f});
}

TEST_CASE("pad positions of a window are attended to", "[spatial]") {
  const HostTensor table = bias_table({9, 1}, {0});
  // v = x + 1: three of four positions are padded.
  for (const char* dialect : {"timm", "torchvision", "official"}) {
    const Layer padded =
        layer("WindowAttention", {{"layout", "NCHW"}, {"shift", 1}, {"dialect", dialect}});
    const LayerResults results =
        run_with(padded, window_weights(table, 1), {input({1, 1, 1, 1}, {3})});
    check_values(results.map(), {1, 1, 4, 4}, {0.25f});
    check_values(results.output(), {1, 1, 1, 1}, {(4 + 3) / 4.0f});
  }
}

TEST_CASE("a map of one window is not shifted", "[spatial]") {
  const Layer shifted = layer("WindowAttention", {{"layout", "NHWC"}, {"shift", 1}});
  const Weights weights = window_weights(bias_table({9, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8}));
  const HostTensor x = input({1, 2, 2, 1}, {1, 2, 3, 4});
  const LayerResults whole = run_with(layer("WindowAttention", {{"layout", "NHWC"}}), weights, {x});
  const LayerResults results = run_with(shifted, weights, {x});
  check_same(results.map(), whole.map());
  check_same(results.output(), whole.output());
}

TEST_CASE("the same windows in all three layouts", "[spatial]") {
  const Options base{{"channels", 6}, {"heads", 2}, {"window", {2, 3}}};
  const auto with = [&](std::initializer_list<std::pair<const char*, Options::Value>> more) {
    Options options{{"channels", 6}, {"heads", 2}, {"window", {2, 3}}};
    for (const auto& [name, value] : more) {
      if (value.is_text) options.set_text(name, value.text);
      for (double number : value.numbers) options.add_number(name, number);
    }
    return Layer{"WindowAttention", "", options, {}};
  };
  const HostTensor x = random_input("x", {1, 2, 3, 6}, 1);
  const HostTensor nhwc = run_new(with({{"layout", "NHWC"}}), {x}).output();
  HostTensor tokens = x;
  tokens.shape = {1, 6, 6};
  HostTensor windows = run_new(with({}), {tokens}).output();
  windows.shape = nhwc.shape;
  check_same(windows, nhwc);
  HostTensor channels_first = weight("x", {1, 6, 2, 3}, {0}), expected = channels_first;
  for (size_t position = 0; position < 6; ++position) {
    for (size_t c = 0; c < 6; ++c) {
      const size_t from = (position * 6 + c) * sizeof(float),
                   to = (c * 6 + position) * sizeof(float);
      std::memcpy(&channels_first.data[to], &x.data[from], sizeof(float));
      std::memcpy(&expected.data[to], &nhwc.data[from], sizeof(float));
    }
  }
  check_same(run_new(with({{"layout", "NCHW"}}), {channels_first}).output(), expected);
}

TEST_CASE("windows refuse masks, tables and sizes that do not fit", "[spatial]") {
  const Weights weights = window_weights(bias_table({9, 1}, {0}));
  const HostTensor x = weight("x", {4, 4, 1}, {1});
  const auto with_mask = [&](const Shape& shape) {
    return error_with(layer("WindowAttention", {}), weights, {x, weight("mask", shape, {0})});
  };
  CHECK(with_mask({2, 4, 4}) == "no error");
  CHECK(with_mask({3, 4, 4}).find("(4, 1, 4, 4)") != std::string::npos);
  CHECK(with_mask({2, 4, 5}) ==
        "input 'mask' has shape (2, 4, 5), the model expects (windows, 4, 4)");
  CHECK(error_with(layer("WindowAttention", {{"window", 3}}), weights, {x}) ==
        "weights of a wrong shape: relative_position_bias_table float32 (9, 1) (expected float32 "
        "(25, 1))");
  CHECK(error_with(layer("WindowAttention", {{"heads", 2}}), weights, {x}) ==
        "WindowAttention: the option 'heads' is 2, the weights say 1");
  CHECK(error_with(layer("WindowAttention", {}), weights, {weight("x", {4, 5, 1}, {1})}) ==
        "input 'x' has shape (4, 5, 1), the model expects (batch*windows, 4, 1)");
  CHECK(layer_error(layer("WindowAttention", {{"channels", 6}, {"heads", 4}, {"window", 2}}),
                    nullptr, {}) == "WindowAttention: 18 rows of qkv do not divide into 4 heads");
  CHECK(layer_error(layer("WindowAttention", {{"channels", 6}, {"heads", 2}}), nullptr, {}) ==
        "WindowAttention: a new layer needs the option 'window'");
}

// --- Relative positions ---

namespace {

// One channel and head, queries 1, keys 0, values x.
Weights bottleneck_weights(std::initializer_list<float> height_rel) {
  return {weight("qkv.weight", {3, 1, 1, 1}, {0, 0, 1}), weight("qkv.bias", {3}, {1, 0, 0}),
          weight("pos_embed.height_rel", {static_cast<Extent>(height_rel.size()), 1}, height_rel),
          weight("pos_embed.width_rel", {1, 1}, {0})};
}

}  // namespace

TEST_CASE("bottleneck attention's positions count from the query to the key", "[spatial]") {
  // -1: 0, 0: 1, +1: 3. The first row sees itself (1) and the next one (3).
  const Weights weights = bottleneck_weights({0, 1, 3});
  const HostTensor x = input({1, 1, 2, 1}, {1, 2});
  const LayerResults results = run_with(layer("BottleneckAttention", {{"heads", 1}}), weights, {x});
  check_values(results.map(), {1, 2, 2}, {1 - sigmoid(2), sigmoid(2), 1 - sigmoid(1), sigmoid(1)});
  check_values(results.output(), {1, 1, 2, 1}, {1 + sigmoid(2), 1 + sigmoid(1)});
}

TEST_CASE("bottleneck attention scales its positions only when told", "[spatial]") {
  // Four elements of a query: the scale is a half.
  const Weights weights = {
      weight("qkv.weight", {9, 1, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 1}),
      weight("qkv.bias", {9}, {1, 1, 0, 0, 2, 0, 0, 0, 0}),
      weight("pos_embed.height_rel", {3, 4}, {0, 0, 9, 9, 0, 0, 9, 9, 1, 1, 9, 9}),
      weight("pos_embed.width_rel", {1, 4}, {0})};
  const HostTensor x = input({1, 1, 2, 1}, {0, 1});
  const auto first = [&](Options options) {
    options.add_number("heads", 1);
    return run_with(layer("BottleneckAttention", options), weights, {x}).map().values<float>()[1];
  };
  CHECK(first({}) == Approx(sigmoid(2)));
  CHECK(first({{"scalePosition", 1}}) == Approx(sigmoid(1)));
}

TEST_CASE("bottleneck attention is of one size", "[spatial]") {
  const Weights weights = bottleneck_weights({0, 1, 3});
  const Layer one = layer("BottleneckAttention", {{"heads", 1}});
  CHECK(error_with(one, weights, {input({1, 1, 1, 2}, {1, 2})}) ==
        "input 'x' has shape (1, 1, 1, 2), the model expects (batch, 1, 2, 1)");
  CHECK(error_with(layer("BottleneckAttention", {{"heads", 1}, {"size", {3, 1}}}), weights, {}) ==
        "weights of a wrong shape: pos_embed.height_rel float32 (3, 1) (expected float32 (5, 1))");
  CHECK(layer_error(layer("BottleneckAttention", {{"channels", 4}}), nullptr, {}) ==
        "BottleneckAttention: a new layer needs the option 'size'");
  CHECK(layer_error(layer("BottleneckAttention", {{"channels", 6}, {"size", 4}}), nullptr, {}) ==
        "BottleneckAttention: 6 channels of values do not divide into 4 heads");
}

namespace {

// Two heads of one channel: k is 0 and v is x in the first, k is x and v is 10 x in the second.
Weights halo_weights(Extent window) {
  const Shape table = {2 * window - 1, 1};
  return {weight("q.weight", {2, 1, 1, 1}, {0, 1}),
          weight("kv.weight", {4, 1, 1, 1}, {0, 1, 1, 10}),
          weight("pos_embed.height_rel", table, {0}), weight("pos_embed.width_rel", table, {0})};
}

}  // namespace

TEST_CASE("halo attention attends to the zeros beyond the border", "[spatial]") {
  const Layer block = layer("HaloAttention", {{"block", 2}, {"halo", 1}});
  const LayerResults results = run_with(block, halo_weights(4), {weight("x", {1, 1, 2, 2}, {1})});
  // Nothing is known of the first head: 4 of 16 positions are 1. Keys of the second one have
  // logits of 1 within the map and 0 beyond.
  const float inside = 4 * std::exp(1.0f), share = inside / (inside + 12);
  check_values(results.output(), {1, 2, 2, 2},
               {0.25f, 0.25f, 0.25f, 0.25f, 10 * share, 10 * share, 10 * share, 10 * share});
  CHECK(results.map().shape == Shape{2, 1, 4, 16});
}

TEST_CASE("halo attention's positions count within the window, without the halo", "[spatial]") {
  Weights weights = halo_weights(3);
  // One block of one position in a window of three: key row - 0 + 2, so rows are entries 2, 3, 4.
  weights[2] = weight("pos_embed.height_rel", {5, 1}, {9, 9, 0, 2, 0});
  const Layer block = layer("HaloAttention", {{"block", 1}, {"halo", 1}});
  const LayerResults results = run_with(block, weights, {weight("x", {1, 1, 1, 1}, {1})});
  // The second head's query is 1, and so is its key in the middle.
  const float row = std::exp(2.0f), middle = std::exp(3.0f), sum = 6 + 2 * row + middle;
  const auto map = results.map().values<float>();
  CHECK(map[9] == Approx(1 / sum));
  CHECK(map[9 + 3] == Approx(row / sum));
  CHECK(map[9 + 4] == Approx(middle / sum));
}

TEST_CASE("halo attention says what it cannot be", "[spatial]") {
  const Layer block = layer("HaloAttention", {{"block", 2}, {"halo", 1}});
  CHECK(error_with(block, halo_weights(4), {weight("x", {1, 1, 2, 3}, {1})})
            .find("the shape (3) cannot be reshaped to (1, 2)") != std::string::npos);
  CHECK(error_with(layer("HaloAttention", {{"block", 2}, {"halo", 2}}), halo_weights(4), {}) ==
        "weights of a wrong shape: pos_embed.height_rel float32 (7, 1) (expected float32 (11, 1)), "
        "pos_embed.width_rel float32 (7, 1) (expected float32 (11, 1))");
  CHECK(error_with(layer("HaloAttention", {{"heads", 3}, {"block", 2}, {"halo", 1}}),
                   halo_weights(4),
                   {}) == "HaloAttention: the option 'heads' is 3, the weights say 2");
}

// --- Lambda ---

TEST_CASE("a lambda layer sums the whole map's content and the position's surroundings",
          "[spatial]") {
  // Two heads with queries 1 and 2; keys are alike, values are x.
  const Weights weights = joined(
      {{weight("qkv.weight", {4, 1, 1, 1}, {0, 0, 0, 1}), weight("qkv.bias", {4}, {1, 2, 0, 0}),
        weight("conv_lambda.weight", {1, 1, 3, 3, 1}, {0, 0, 0, 5, 0, 7, 0, 0, 0}),
        weight("conv_lambda.bias", {1}, {100})},
       plain_batch_norm("norm_q", 2),
       plain_batch_norm("norm_v", 1)});
  const LayerResults results =
      run_with(layer("LambdaLayer", {}), weights, {input({1, 1, 1, 3}, {1, 2, 6})});
  // Content is the mean, 3; to the left counts 5, to the right 7.
  const float a = 3 + 100 + 14, b = 3 + 100 + 5 + 42, c = 3 + 100 + 10;
  check_values(results.output(), {1, 2, 1, 3}, {a, b, c, 2 * a, 2 * b, 2 * c});
  CHECK(results.maps.empty());
}

TEST_CASE("a lambda layer of all positions needs no size, and its output may be wider",
          "[spatial]") {
  // Of a map of up to two columns: -1 counts 5, +1 counts 7.
  const Weights weights =
      joined({{weight("qkv.weight", {3, 1, 1, 1}, {0, 0, 1}), weight("qkv.bias", {3}, {1, 0, 0}),
               weight("pos_emb", {1, 3, 1}, {5, 0, 7})},
              plain_batch_norm("norm_q", 1),
              plain_batch_norm("norm_v", 1)});
  const LayerResults results =
      run_with(layer("LambdaLayer", {}), weights, {input({1, 1, 1, 2}, {1, 3})});
  check_values(results.output(), {1, 1, 1, 2}, {2 + 21, 2 + 5});
  CHECK(layer_error(layer("LambdaLayer", {{"channels", 6}}), nullptr, {}) ==
        "LambdaLayer: 6 channels do not divide into 4 heads");
}

// --- Axial ---

namespace {

// One group of two channels: q is 1, k is x, v is (x, 0); embeddings are of 2 positions.
Weights axial_weights(std::initializer_list<float> relative, float similarity = 1) {
  Weights weights = joined({{weight("qkv_transform.weight", {4, 1, 1}, {0, 1, 1, 0}),
                             weight("relative", {4, 3}, relative)},
                            plain_batch_norm("bn_qkv", 4),
                            plain_batch_norm("bn_similarity", 3, 4),
                            plain_batch_norm("bn_output", 4)});
  for (HostTensor& w : weights) {
    if (w.name == "bn_qkv.bias") w = weight(w.name, {4}, {1, 0, 0, 0});
    if (w.name == "bn_similarity.weight") w = weight(w.name, {3}, {similarity, 1, 1});
  }
  return weights;
}

}  // namespace

TEST_CASE("axial attention has no scale, and a norm for each similarity", "[spatial]") {
  const HostTensor x = input({1, 1, 1, 2}, {0, 2});
  const auto map = [&](const Weights& weights) {
    const Layer along = layer("AxialAttention", {{"axis", "width"}});
    return run_with(along, weights, {x}).map();
  };
  check_values(map(axial_weights({0})), {1, 1, 2, 2},
               {1 - sigmoid(2), sigmoid(2), 1 - sigmoid(2), sigmoid(2)});
  check_values(map(axial_weights({0}, 0.5f)), {1, 1, 2, 2},
               {1 - sigmoid(1), sigmoid(1), 1 - sigmoid(1), sigmoid(1)});
}

TEST_CASE("axial attention's embeddings are of query minus key, of values too", "[spatial]") {
  const Layer along = layer("AxialAttention", {{"axis", "width"}});
  // Of queries: -1 gives 3. The first one sees the second by 3 more.
  const HostTensor zero = input({1, 1, 1, 2}, {0, 0});
  check_values(run_with(along, axial_weights({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), {zero}).map(),
               {1, 1, 2, 2}, {1 - sigmoid(3), sigmoid(3), 0.5f, 0.5f});
  // Of keys: k_j times the embedding of j - i. The second key, 2, seen from the first, is +1.
  const HostTensor x = input({1, 1, 1, 2}, {0, 2});
  const LayerResults keys =
      run_with(along, axial_weights({0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0}), {x});
  check_values(keys.map(), {1, 1, 2, 2}, {1 - sigmoid(8), sigmoid(8), 1 - sigmoid(2), sigmoid(2)});
  // Of values, the second channel: +1 gives 4.
  const LayerResults values =
      run_with(along, axial_weights({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4}), {zero});
  check_values(values.output(), {1, 2, 1, 2}, {0, 0, 0, 2});
}

TEST_CASE("axial attention keeps lines apart, and is of one length", "[spatial]") {
  const HostTensor x = input({1, 1, 2, 2}, {0, 0, 2, 4});
  const Weights weights = axial_weights({0});
  // Along height: columns (0, 2) and (0, 4).
  const LayerResults results = run_with(layer("AxialAttention", {}), weights, {x});
  check_values(results.map(), {2, 1, 2, 2},
               {1 - sigmoid(2), sigmoid(2), 1 - sigmoid(2), sigmoid(2), 1 - sigmoid(4), sigmoid(4),
                1 - sigmoid(4), sigmoid(4)});
  CHECK(error_with(layer("AxialAttention", {}), weights, {weight("x", {1, 1, 3, 2}, {1})}) ==
        "input 'x' has shape (1, 1, 3, 2), the model expects (batch, 1, 2, width)");
  CHECK(layer_error(layer("AxialAttention", {{"channels", 8}, {"groups", 3}, {"size", 4}}), nullptr,
                    {}) ==
        "AxialAttention: 8 output channels do not divide into 3 groups of queries and keys of the "
        "same width");
}

// --- Deformable ---

namespace {

// One channel, head and group whose points stay where they are; keys are nothing, values x.
Weights deformable_weights(float move = 0) {
  return joined({flat("proj_q", {1, 1, 1, 1}, 0, 1),
                 flat("proj_k", {1, 1, 1, 1}, 0, 0),
                 flat("proj_v", {1, 1, 1, 1}, 1, 0),
                 flat("proj_out", {1, 1, 1, 1}, 1, 0),
                 flat("conv_offset.0", {1, 1, 1, 1}, 0, 0),
                 {weight("conv_offset.1.norm.weight", {1}, {0}),
                  weight("conv_offset.1.norm.bias", {1}, {100}),
                  weight("conv_offset.3.weight", {2, 1, 1, 1}, {0, move})}});
}

}  // namespace

TEST_CASE("deformable attention's reference points are half a pixel off, the last ones outside",
          "[spatial]") {
  const Layer one = layer("DeformableAttention", {{"heads", 1}});
  const HostTensor x = input({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const LayerResults results = run_with(one, deformable_weights(), {x});
  // y, then x: (i + 0.5) / (n - 1) * 2 - 1.
  check_values(results.map("positions"), {1, 1, 2, 3, 2},
               {0, -0.5f, 0, 0.5f, 0, 1.5f, 2, -0.5f, 2, 0.5f, 2, 1.5f});
  // Samples: row 0.5, columns 0.5, 1.5, 2.5 (where half is zero), row 1.5 (half) of the last one.
  const float samples = 3 + 4 + 4.5f / 2 + (4.5f + 5.5f + 6 / 2.0f) / 2;
  check_values(results.output(), {1, 1, 2, 3}, {samples / 6});
}

TEST_CASE("deformable attention's points move by at most the range, in steps of their grid",
          "[spatial]") {
  const HostTensor x = input({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const auto positions = [&](double range) {
    const Layer one = layer("DeformableAttention", {{"heads", 1}, {"offsetRange", range}});
    return run_with(one, deformable_weights(1), {x}).map("positions");
  };
  // tanh(100) = 1: to the right by 3 / 2.
  check_values(positions(3), {1, 1, 2, 3, 2}, {0, 1, 0, 2, 0, 3, 2, 1, 2, 2, 2, 3});
  // Below 0: by 100, and not beyond the border.
  check_values(positions(-1), {1, 1, 2, 3, 2}, {0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("deformable attention's table is looked up at half of query minus point", "[spatial]") {
  Weights weights = deformable_weights();
  // Its middle row: from -1 to 1 as columns go from 0 to 4.
  weights.push_back(weight("rpe_table", {1, 1, 5}, {0, 1, 2, 3, 4}));
  const Layer one = layer("DeformableAttention", {{"heads", 1}, {"stride", 2}, {"kernel", 1}});
  const HostTensor x = input({1, 1, 3, 3}, {1});
  const LayerResults results = run_with(one, weights, {x});
  CHECK(results.map("deformable-attention").shape == Shape{1, 9, 4});
  // The first query, at -1, and the points at 0 and 2 (twice): (-1 - 0) / 2 is column 1, and
  // (-1 - 2) / 2 is beyond the table by one column: zero, as is what lies outside above.
  const auto map = results.map("deformable-attention").values<float>();
  CHECK(map[0] > map[1]);
  CHECK(error_with(layer("DeformableAttention", {{"heads", 2}}), weights, {x}) ==
        "DeformableAttention: 1 channels, 2 heads and 1 groups do not divide");
}

// --- What holds for all of them ---

namespace {

struct Case {
  Layer layer;
  Shape x;  // of one image
  const char* map = "";
  float row = 1;      // sum of a map's row; 0: the map's rows are no shares
  bool whole = true;  // every position sees every other one of its image
  Shape least = {};   // of x, where the smallest has more than one position; {}: 1 by 1
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  out << c.layer.kind;
  for (const auto& entry : c.layer.options.entries()) {
    if (entry.is_text) out << ' ' << entry.text;
  }
  return out;
}

std::vector<Case> cases() {
  return {
      {layer("NonLocal", {{"channels", 6}}), {1, 6, 5, 7}},
      {layer("NonLocal", {{"channels", 6}, {"mode", "gaussian"}}), {1, 6, 5, 7}},
      {layer("NonLocal", {{"channels", 6}, {"mode", "dot_product"}}), {1, 6, 5, 7}, "", 0},
      {layer("NonLocal", {{"channels", 6}, {"mode", "concatenation"}}), {1, 6, 5, 7}, "", 0},
      {layer("NonLocal", {{"channels", 6}, {"axes", 3}}), {1, 6, 2, 3, 4}},
      {layer("NonLocal", {{"channels", 6}, {"axes", 1}}), {1, 6, 9}},
      {layer("DoubleAttention", {{"channels", 6}, {"hidden", 4}, {"maps", 3}}),
       {1, 6, 5, 7},
       "gather"},
      {layer("CrissCrossAttention", {{"channels", 6}, {"recurrence", 2}}), {1, 6, 5, 7}},
      {layer("ExternalAttention", {{"channels", 6}, {"memory", 5}}), {1, 6, 5, 7}, "", 0},
      {layer("ExternalAttention", {{"channels", 8}, {"form", "heads"}, {"heads", 2}}), {1, 9, 8}},
      {layer("ExternalAttention", {{"channels", 6}, {"form", "tokens"}}), {1, 9, 6}},
      {layer("EfficientAttention", {{"channels", 6}, {"heads", 2}}), {1, 6, 5, 7}, "", 0},
      {layer("WindowAttention", {{"channels", 6}, {"heads", 2}, {"window", 2}}), {2, 4, 6}},
      {layer("WindowAttention",
             {{"channels", 6}, {"heads", 2}, {"window", {2, 3}}, {"layout", "NCHW"}, {"shift", 1}}),
       {1, 6, 5, 7},
       "",
       1,
       false},
      {layer("BottleneckAttention", {{"channels", 6}, {"heads", 2}, {"size", {3, 5}}}),
       {1, 6, 3, 5},
       "",
       1,
       true,
       {1, 6, 3, 5}},
      {layer("HaloAttention", {{"channels", 6}, {"heads", 2}, {"block", 2}, {"halo", 1}}),
       {1, 6, 4, 6},
       "",
       1,
       false,
       {1, 6, 2, 2}},
      {layer("LambdaLayer", {{"channels", 6}, {"heads", 2}, {"kernel", 3}}), {1, 6, 5, 7}, "", 0},
      {layer("LambdaLayer", {{"channels", 6}, {"heads", 2}, {"size", {5, 7}}}),
       {1, 6, 5, 7},
       "",
       0},
      {layer("AxialAttention", {{"channels", 8}, {"groups", 2}, {"size", 5}}),
       {1, 8, 5, 7},
       "",
       1,
       false,
       {1, 8, 5, 1}},
      {layer("AxialAttention", {{"channels", 8}, {"groups", 2}, {"form", "lucidrains"}}),
       {1, 8, 5, 7},
       "width",
       1,
       false},
      {layer("DeformableAttention",
             {{"channels", 8}, {"heads", 4}, {"groups", 2}, {"stride", 2}, {"size", {5, 7}}}),
       {1, 8, 5, 7},
       "deformable-attention",
       1,
       true,
       {1, 8, 3, 3}},
      {layer("DeformableAttention", {{"channels", 8}, {"kernel", 1}, {"offsetRange", -1}}),
       {1, 8, 5, 7},
       "deformable-attention",
       1,
       false,
       {1, 8, 2, 2}},
  };
}

// The smallest map that the layer takes.
Shape smallest(const Case& c) {
  if (c.least.rank() > 0) return c.least;
  Shape least = c.x;
  const bool tokens = c.x.rank() == 3 && c.layer.kind == "ExternalAttention";
  if (c.layer.kind == "WindowAttention" && c.x.rank() == 3) return {1, c.x[1], c.x[2]};
  for (int axis = tokens ? 1 : 2; axis < (tokens ? 2 : c.x.rank()); ++axis) least[axis] = 1;
  return least;
}

Shape twice(Shape shape) {
  shape[0] *= 2;
  return shape;
}

}  // namespace

TEST_CASE("attention over positions built without weights runs in both layouts", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    const std::vector<HostTensor> inputs = {random_input("x", c.x, 1)};
    const LayerResults plain = run_new(c.layer, inputs);
    const LayerResults last = run_new(c.layer, inputs, true);
    check_same(last.output(), plain.output());
    for (size_t i = 0; i < plain.maps.size(); ++i) check_same(last.maps[i], plain.maps[i]);
  }
}

TEST_CASE("rows of a map over positions sum to 1", "[spatial]") {
  for (const Case& c : cases()) {
    if (c.row == 0) continue;
    INFO(c);
    const LayerResults results = run_new(c.layer, {random_input("x", c.x, 3)});
    const HostTensor& map = results.map(c.map);
    const auto values = map.values<float>();
    const auto width = static_cast<size_t>(map.shape[map.shape.rank() - 1]);
    for (size_t row = 0; row < values.size(); row += width) {
      double sum = 0;
      for (size_t i = 0; i < width; ++i) {
        REQUIRE(values[row + i] >= 0);
        sum += values[row + i];
      }
      REQUIRE(sum == Approx(1).epsilon(1e-5));
    }
  }
}

TEST_CASE("attention over positions treats the images of a batch apart", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    const HostTensor x = random_input("x", twice(c.x), 5);
    const LayerResults results = run_new(c.layer, {x});
    const LayerResults turned = run_new(c.layer, {swapped(x)});
    check_same(turned.output(), swapped(results.output()));
    for (size_t i = 0; i < results.maps.size(); ++i) {
      check_same(turned.maps[i], swapped(results.maps[i]));
    }
    check_same(run_new(c.layer, {half(x, 1)}).output(), half(results.output(), 1));
  }
}

TEST_CASE("attention over positions takes maps as small as can be", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    const LayerResults results = run_new(c.layer, {random_input("x", smallest(c), 7)});
    for (float value : results.output().values<float>()) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("a NaN reaches all that attend to it, in its own image only", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    HostTensor x = random_input("x", twice(c.x), 9);
    const auto count = static_cast<size_t>(c.x.count());
    std::memcpy(x.data.data() + (count / 2) * sizeof(float), &kNaN, sizeof(float));
    const LayerResults results = run_new(c.layer, {x});
    const auto values = results.output().values<float>();
    size_t seen = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      seen += std::isnan(values[i]);
      if (i >= values.size() / 2) REQUIRE_FALSE(std::isnan(values[i]));
    }
    CHECK(seen > 0);
    if (c.whole && c.layer.kind != "WindowAttention") CHECK(seen == values.size() / 2);
  }
}

TEST_CASE("attention over positions says what shape it expects", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    Shape shape = c.x;
    shape.push_back(2);
    CHECK(layer_error(c.layer, nullptr, {random_input("x", shape, 1)}).find("the model expects") !=
          std::string::npos);
    const bool last = c.x.rank() == 3 && c.layer.kind != "NonLocal";
    shape = c.x;
    ++shape[last ? 2 : 1];
    CHECK(layer_error(c.layer, nullptr, {random_input("x", shape, 1)}).find("the model expects") !=
          std::string::npos);
    CHECK(layer_error({c.layer.kind, "", {}, {}}, nullptr, {})
              .find("a new layer needs the option '") != std::string::npos);
  }
}

TEST_CASE("attention over positions lists all weights that are missing, wrong or not its own",
          "[spatial]") {
  const Weights weights = joined({flat("query_conv", {2, 4, 1, 1}, 1, 0),
                                  flat("key_conv", {3, 4, 1, 1}, 1, 0),
                                  flat("value", {4, 4, 1, 1}, 1, 0),
                                  {weight("gamma", {1}, {0})}});
  CHECK(
      error_with(layer("CrissCrossAttention", {}), weights, {}) ==
      "weights missing: value_conv.weight; of a wrong shape: key_conv.weight float32 (3, 4, 1, 1) "
      "(expected float32 (2, 4, 1, 1)), key_conv.bias float32 (3) (expected float32 (2)); not of "
      "the layer: value.bias, value.weight");
  const NamedWeights none;
  for (const Case& c : cases()) {
    INFO(c);
    const std::string message = layer_error({c.layer.kind, "", {}, {}}, &none, {});
    CHECK(message.find("weights missing: ") == 0);
  }
}

TEST_CASE("heads that do not divide the channels are refused", "[spatial]") {
  CHECK(layer_error(layer("EfficientAttention", {{"channels", 6}, {"heads", 4}}), nullptr, {}) ==
        "EfficientAttention: 6 channels of keys and 6 of values do not divide into 4 heads");
  CHECK(layer_error(layer("ExternalAttention", {{"channels", 6}, {"form", "heads"}, {"heads", 4}}),
                    nullptr, {}) == "ExternalAttention: 24 channels do not divide into 16 heads");
  CHECK(layer_error(layer("HaloAttention", {{"channels", 6}}), nullptr, {}) ==
        "HaloAttention: 6 channels of values do not divide into 8 heads");
  CHECK(
      layer_error(layer("AxialAttention", {{"channels", 6}, {"groups", 4}, {"form", "lucidrains"}}),
                  nullptr, {}) == "AxialAttention: 6 channels do not divide into 4 heads");
  CHECK(layer_error(layer("NonLocal", {{"channels", 4}, {"mode", "softmax"}}), nullptr, {}) ==
        "NonLocal: the option 'mode' is 'softmax', expected "
        "embedded_gaussian|gaussian|dot_product|concatenation");
}

TEST_CASE("no matrix of all pairs of positions is made unless the map is asked for", "[spatial]") {
  const auto arena = [](const Layer& layer, const Shape& x, bool map) {
    Result<Graph> graph = attention::build_layer(layer, nullptr);
    REQUIRE(graph.status().message == "");
    REQUIRE(optimize(graph.value()).message == "");
    auto session = Session::create(std::move(graph.value()));
    REQUIRE(session.status().message == "");
    Request request;
    request.inputs = {x};
    request.outputs = session.value()->graph().outputs;
    if (map) request.blocks = {0};
    REQUIRE(session.value()->prepare(request).message == "");
    return session.value()->memory().arena_bytes;
  };
  constexpr size_t kPairs = size_t{48 * 48} * 48 * 48 * sizeof(float);
  for (const Layer& one :
       {layer("NonLocal", {{"channels", 8}}),
        layer("NonLocal", {{"channels", 8}, {"mode", "gaussian"}}),
        layer("NonLocal", {{"channels", 8}, {"mode", "dot_product"}}),
        layer("BottleneckAttention", {{"channels", 8}, {"heads", 2}, {"size", {48, 48}}}),
        layer("CrissCrossAttention", {{"channels", 8}})}) {
    INFO(one.kind);
    const Shape x = {1, 8, 48, 48};
    CHECK(arena(one, x, false) < kPairs / 3);
    if (one.kind != "CrissCrossAttention") CHECK(arena(one, x, true) > kPairs);
  }
}

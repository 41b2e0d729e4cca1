// Non-local, double, criss-cross, external and efficient attention: what their authors do.
#include "positions_support.h"

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

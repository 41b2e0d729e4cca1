// Attention over time: what implementations disagree about, and what holds for all forms.
#include <cmath>

#include "support/sequence_layers.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

using Weights = std::vector<HostTensor>;

constexpr Tolerance kTolerance = {1e-5, 1e-6};

Layer additive(Options options = {}) { return {"AdditiveAttention", "", std::move(options), {}}; }
Layer luong(Options options = {}) { return {"LuongAttention", "", std::move(options), {}}; }
Layer pooling(Options options = {}) {
  return {"TemporalAttentionPooling", "", std::move(options), {}};
}

HostTensor query_of(const Shape& shape, std::initializer_list<float> values) {
  return weight("query", shape, values);
}
HostTensor memory_of(const Shape& shape, std::initializer_list<float> values) {
  return weight("memory", shape, values);
}
HostTensor x_of(const Shape& shape, std::initializer_list<float> values) {
  return weight("x", shape, values);
}

Weights joined(std::initializer_list<Weights> parts) {
  Weights all;
  for (const Weights& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// The share of the first of two scores.
float share(float first, float second) { return 1 / (1 + std::exp(second - first)); }

// [context; query] to both, as they are.
const Weights kBoth = {weight("linear_out.weight", {2, 2}, {1, 0, 0, 1})};

}  // namespace

// --- Additive ---

TEST_CASE("additive scores: v . tanh(q + k + b)", "[temporal]") {
  const Weights weights = {
      weight("query_proj.weight", {1, 1}, {2}), weight("key_proj.weight", {1, 1}, {3}),
      weight("key_proj.bias", {1}, {0.5f}), weight("v.weight", {1, 1}, {1.5f})};
  const float a = share(1.5f * std::tanh(0.5f + 0.6f), 1.5f * std::tanh(0.5f - 0.3f));
  const LayerResults results = must_run(
      additive(), weights, {query_of({1, 1, 1}, {0}), memory_of({1, 2, 1}, {0.2f, -0.1f})});
  check_values(results.map(), {1, 1, 2}, {a, 1 - a});
  check_values(results.output(), {1, 1, 1}, {0.2f * a - 0.1f * (1 - a)});
}

TEST_CASE("Keras scales each channel, and projects nothing", "[temporal]") {
  const Weights weights = {weight("scale", {2}, {1, -2})};
  const LayerResults results =
      must_run(additive(), weights,
               {query_of({1, 1, 2}, {0.5f, 1}), memory_of({1, 2, 2}, {0, 0, 0.25f, -1})});
  const float a =
      share(std::tanh(0.5f) - 2 * std::tanh(1.0f), std::tanh(0.75f) - 2 * std::tanh(0.0f));
  check_values(results.map(), {1, 1, 2}, {a, 1 - a});
}

TEST_CASE("OpenNMT gives W [context; query] without a tanh", "[temporal]") {
  const Weights weights = {
      weight("linear_query.weight", {1, 1}, {0}),        weight("linear_query.bias", {1}, {0}),
      weight("linear_context.weight", {1, 1}, {0}),      weight("v.weight", {1, 1}, {1}),
      weight("linear_out.weight", {2, 2}, {1, 0, 0, 1}), weight("linear_out.bias", {2}, {0, 10})};
  const LayerResults results =
      must_run(additive(), weights, {query_of({1, 1, 1}, {7}), memory_of({1, 2, 1}, {2, 4})});
  check_values(results.output(), {1, 1, 2}, {3, 17});
}

TEST_CASE("TensorFlow normalises v, and adds a bias in front of the tanh", "[temporal]") {
  const Weights plain = {weight("query_layer.kernel", {1, 2}, {1, 2}),
                         weight("memory_layer.kernel", {1, 2}, {3, 4}),
                         weight("attention_v", {2}, {3, 4})};
  const Weights normalised = joined(
      {plain, {weight("attention_g", {1}, {10}), weight("attention_b", {2}, {0.5f, -0.5f})}});
  const std::vector<HostTensor> inputs = {query_of({1, 1, 1}, {0.1f}),
                                          memory_of({1, 2, 1}, {0.2f, -0.3f})};
  const auto map = [&](float v0, float v1, float b) {
    const auto score = [&](float h) {
      return v0 * std::tanh(0.1f + 3 * h + b) + v1 * std::tanh(0.2f + 4 * h - b);
    };
    const float a = share(score(0.2f), score(-0.3f));
    return std::vector<float>{a, 1 - a};
  };
  check_values(must_run(additive(), plain, inputs).map(), {1, 1, 2}, map(3, 4, 0));
  check_values(must_run(additive(), normalised, inputs).map(), {1, 1, 2}, map(6, 8, 0.5f));
  CHECK(error_of(additive({{"normalize", 1}}), plain, inputs).find("missing: attention_g") !=
        std::string::npos);
}

TEST_CASE("keys behind the length are not seen, and an empty memory gives zeros", "[temporal]") {
  const Weights weights = {weight("scale", {1}, {1})};
  const HostTensor query = query_of({3, 1, 1}, {0}), memory = weight("memory", {3, 3, 1}, {5});
  const LayerResults results =
      must_run(additive(), weights, {query, memory, lengths_of({2, 0, 9})});
  const float third = 1.0f / 3;
  check_values(results.map(), {3, 1, 3}, {0.5f, 0.5f, 0, 0, 0, 0, third, third, third});
  check_values(results.output(), {3, 1, 1}, {5, 0, 5});
}

// --- Luong ---

TEST_CASE("Luong's result is tanh(W [context; state]), the context first", "[temporal]") {
  const LayerResults results =
      must_run(luong({{"score", "dot"}}), kBoth,
               {query_of({1, 1, 1}, {0}), memory_of({1, 2, 1}, {0.2f, 0.6f})});
  check_values(results.output(), {1, 1, 2}, {std::tanh(0.4f), 0});
}

TEST_CASE("dot, general and their lengths, without a matrix of scores", "[temporal]") {
  const std::vector<HostTensor> inputs = {query_of({1, 1, 1}, {2}),
                                          memory_of({1, 3, 1}, {1, -1, 50}), lengths_of({2})};
  const float dot = share(2, -2), general = share(6, -6);
  check_values(must_run(luong(), kBoth, inputs).map(), {1, 1, 3}, {dot, 1 - dot, 0});
  const Weights weights = joined({kBoth, {weight("linear_in.weight", {1, 1}, {3})}});
  check_values(must_run(luong(), weights, inputs).map(), {1, 1, 3}, {general, 1 - general, 0});
}

TEST_CASE("concat projects query and key; the official code's leaves the key as it is",
          "[temporal]") {
  const std::vector<HostTensor> inputs = {query_of({1, 1, 1}, {0.5f}),
                                          memory_of({1, 2, 1}, {0.2f, -0.4f})};
  const Weights paper = joined(
      {kBoth,
       {weight("linear_concat.weight", {1, 2}, {2, 3}), weight("v.weight", {1, 1}, {1.5f})}});
  const Weights matlab = joined(
      {kBoth, {weight("linear_query.weight", {1, 1}, {2}), weight("v.weight", {1, 1}, {1.5f})}});
  const auto map = [](float k) {
    const float a = share(1.5f * std::tanh(1 + 0.2f * k), 1.5f * std::tanh(1 - 0.4f * k));
    return std::vector<float>{a, 1 - a};
  };
  check_values(must_run(luong(), paper, inputs).map(), {1, 1, 2}, map(3));
  check_values(must_run(luong(), matlab, inputs).map(), {1, 1, 2}, map(1));
}

TEST_CASE("TensorFlow's context is of the projected memory", "[temporal]") {
  const Weights weights = {weight("memory_layer.kernel", {1, 1}, {3}),
                           weight("attention_g", {}, {0.5f})};
  const LayerResults results =
      must_run(luong(), weights, {query_of({1, 1, 1}, {1}), memory_of({1, 2, 1}, {1, -1})});
  const float a = share(1.5f, -1.5f);
  check_values(results.output(), {1, 1, 1}, {3 * a - 3 * (1 - a)});
}

TEST_CASE("local-m looks around its own step, at most at the last key there is", "[temporal]") {
  const HostTensor memory = weight("memory", {1, 6, 1}, {1});
  const HostTensor query = query_of({1, 4, 1}, {0});
  const Layer layer = luong({{"score", "dot"}, {"local", "monotonic"}, {"window", 1}});
  const float half = 0.5f, third = 1.0f / 3;
  check_values(must_run(layer, kBoth, {query, memory}).map(), {1, 4, 6},
               {half, half,  0,     0,     0, 0, third, third, third, 0,     0,     0,  //
                0,    third, third, third, 0, 0, 0,     0,     third, third, third, 0});
  check_values(must_run(layer, kBoth, {query, memory, lengths_of({2})}).map(), {1, 4, 6},
               {half, half, 0, 0, 0, 0, half, half, 0, 0, 0, 0,  //
                half, half, 0, 0, 0, 0, half, half, 0, 0, 0, 0});
}

TEST_CASE("local-p centres its window at the floor, and its Gaussian is not normalised",
          "[temporal]") {
  // v = 0: the position is half of the length.
  const Weights weights = joined(
      {kBoth,
       {weight("linear_position.weight", {1, 1}, {1}), weight("v_position.weight", {1, 1}, {0})}});
  const Layer layer = luong({{"score", "dot"}, {"window", 1}});
  const std::vector<HostTensor> inputs = {query_of({1, 1, 1}, {0}),
                                          weight("memory", {1, 7, 1}, {1})};
  // 3.5: keys 2, 3, 4, each a third, times exp(-(s - 3.5)^2 / (2 * 0.25)).
  const float near = std::exp(-0.5f) / 3, far = std::exp(-4.5f) / 3;
  check_values(must_run(layer, weights, inputs).map(), {1, 1, 7}, {0, 0, far, near, near, 0, 0});
  // Of 3 keys: 1.5, keys 0, 1, 2.
  check_values(must_run(layer, weights, {inputs[0], inputs[1], lengths_of({3})}).map(), {1, 1, 7},
               {far, near, near, 0, 0, 0, 0});
  check_values(must_run(layer, weights, {inputs[0], inputs[1], lengths_of({0})}).map(), {1, 1, 7},
               std::vector<float>(7, 0));
}

// --- Pooling ---

TEST_CASE("one head: softmax(u . tanh(W h + b)), and what ports do to the scores", "[temporal]") {
  const Weights weights = {weight("attention.weight", {1, 1}, {2}),
                           weight("attention.bias", {1}, {0.1f}),
                           weight("context.weight", {1, 1}, {-3})};
  const std::vector<HostTensor> inputs = {x_of({1, 3, 1}, {0.4f, -0.2f, 100}), lengths_of({2})};
  const float first = -3 * std::tanh(0.9f), second = -3 * std::tanh(-0.3f);
  const auto check = [&](Options options, float a) {
    const LayerResults results = must_run(pooling(std::move(options)), weights, inputs);
    check_values(results.map(), {1, 3}, {a, 1 - a, 0});
    check_values(results.output(), {1, 1}, {0.4f * a - 0.2f * (1 - a)});
  };
  check({}, share(first, second));
  check({{"scoreActivation", "tanh"}}, share(std::tanh(first), std::tanh(second)));
  check({{"scoreActivation", "relu"}}, share(0, second));
}

TEST_CASE("several heads have a row each", "[temporal]") {
  const Weights weights = {weight("linear_first.weight", {1, 1}, {1}),
                           weight("linear_second.weight", {2, 1}, {0, 5})};
  const LayerResults results = must_run(pooling(), weights, {x_of({1, 2, 1}, {1, -1})});
  const float a = share(5 * std::tanh(1.0f), -5 * std::tanh(1.0f));
  check_values(results.map(), {1, 2, 2}, {0.5f, 0.5f, a, 1 - a});
  check_values(results.output(), {1, 2, 1}, {0, 2 * a - 1});
}

TEST_CASE("the deviation of equal values is the root of the least variance", "[temporal]") {
  const HostTensor x = weight("x", {1, 2, 4}, {3});
  const auto y = [&](const char* form) {
    return must_run(pooling({{"channels", 2}, {"form", form}}), {}, {x}).output();
  };
  const float clova = std::sqrt(1e-5f);
  check_values(y("statistics"), {1, 4}, {3, 3, clova, clova});
  check_values(y("clovaai"), {1, 4}, {3, 3, clova, clova});
  check_values(y("speechbrain"), {1, 4}, {3, 3, 1e-6f, 1e-6f});
}

TEST_CASE("statistics of every channel have a map for every channel", "[temporal]") {
  const HostTensor x = random_input("x", {2, 5, 6}, 1);
  const auto shape = [&](const char* form) {
    return must_run(pooling({{"channels", 5}, {"form", form}}), {}, {x}).map().shape.text();
  };
  CHECK(shape("statistics") == "(2, 6)");
  CHECK(shape("clovaai") == "(2, 5, 6)");
  CHECK(shape("speechbrain") == "(2, 5, 6)");
}

TEST_CASE("speechbrain's network sees the mean and the deviation of what is seen", "[temporal]") {
  // One channel; the network takes x + 10 mean + 100 deviation, and the scores are its tanh.
  const Weights weights =
      joined({{weight("tdnn.conv.conv.weight", {1, 3, 1}, {1, 10, 100}),
               weight("tdnn.conv.conv.bias", {1}, {-69}),
               weight("conv.conv.weight", {1, 1, 1}, {1}), weight("conv.conv.bias", {1}, {0})},
              plain_batch_norm("tdnn.norm.norm", 1)});
  // Of 1 and 2: mean 1.5, deviation 0.5; x + 15 + 50 - 69 is below zero. Of 1, 2 and 9: 4 and 3.56.
  const HostTensor x = x_of({1, 1, 3}, {1, 2, 9});
  check_values(must_run(pooling(), weights, {x, lengths_of({2})}).map(), {1, 1, 3},
               {0.5f, 0.5f, 0});
  const float deviation = std::sqrt((9.0f + 4 + 25) / 3);
  const auto score = [&](float v) {
    return std::tanh(std::max(0.0f, v + 40 + 100 * deviation - 69));
  };
  const float sum = std::exp(score(1)) + std::exp(score(2)) + std::exp(score(9));
  check_values(must_run(pooling(), weights, {x}).map(), {1, 1, 3},
               {std::exp(score(1)) / sum, std::exp(score(2)) / sum, std::exp(score(9)) / sum});
}

TEST_CASE("latents are pooled to the first, or to their mean, or not", "[temporal]") {
  const HostTensor x = random_input("x", {1, 5, 4}, 1);
  const auto y = [&](const char* pool) {
    return must_run(pooling({{"channels", 4}, {"form", "latent"}, {"latents", 2}, {"pool", pool}}),
                    {}, {x})
        .output();
  };
  const HostTensor all = y("none");
  REQUIRE(all.shape.text() == "(1, 2, 4)");
  std::vector<float> first, mean;
  for (size_t i = 0; i < 4; ++i) {
    const float a = all.values<float>()[i], b = all.values<float>()[4 + i];
    first.push_back(a);
    mean.push_back((a + b) / 2);
    CHECK(a != b);
  }
  check_values(y("token"), {1, 4}, first);
  check_values(y("avg"), {1, 4}, mean);
}

TEST_CASE("timm's latents may have positions, norms, or be the queries themselves", "[temporal]") {
  // Keys are zero: all positions count alike. Values are x + position, which no projection follows.
  const Weights weights = {weight("latent", {1, 1, 2}, {1, 2}),
                           weight("kv.weight", {4, 2}, {0, 0, 0, 0, 1, 0, 0, 1}),
                           weight("pos_embed", {2, 2}, {10, 20, 30, 40})};
  const HostTensor x = x_of({1, 2, 2}, {1, 2, 3, 4});
  check_values(must_run(pooling({{"heads", 1}}), weights, {x}).output(), {1, 2}, {22, 33});
  const Weights normed =
      joined({weights,
              {weight("q_norm.weight", {2}, {3}), weight("q_norm.bias", {2}, {1}),
               weight("k_norm.weight", {2}, {0}), weight("k_norm.bias", {2}, {1, 0})}});
  check_values(must_run(pooling({{"heads", 1}}), normed, {x}).output(), {1, 2}, {22, 33});
}

// --- All of them ---

TEST_CASE("attention over time is built without weights and runs in both layouts", "[temporal]") {
  check_runs(GENERATE(from_range(temporal_cases())));
}

TEST_CASE("attention over time treats the sequences of a batch apart", "[temporal]") {
  check_batch_order(GENERATE(from_range(temporal_cases())));
}

TEST_CASE("a NaN is seen in its own sequence and not in others", "[temporal]") {
  check_nan(GENERATE(from_range(temporal_cases())));
}

TEST_CASE("what stands behind the length changes nothing", "[temporal]") {
  for (SequenceCase c : temporal_cases()) {
    if (c.inputs.back().name != "lengths") continue;
    INFO(c.layer.kind);
    HostTensor& sequence = c.inputs[c.inputs.size() - 2];
    c.inputs.back() = lengths_of({3, 3});
    const HostTensor before = must_run(c.layer, {}, c.inputs).output();
    // Sequences are (batch, length, channels), and of the statistics (batch, channels, length).
    const bool last =
        c.layer.options.find("form") && c.layer.options.find("form")->text == "speechbrain";
    const auto rows = static_cast<size_t>(sequence.shape[1]),
               columns = static_cast<size_t>(sequence.shape[2]);
    for (size_t i = 0; i < sequence.values<float>().size(); ++i) {
      const float other = 17;
      if ((last ? i % columns : i / columns % rows) < 3) continue;
      std::memcpy(sequence.data.data() + i * sizeof(float), &other, sizeof(float));
    }
    CHECK(difference(must_run(c.layer, {}, c.inputs).output(), before, kTolerance) == "");
  }
}

TEST_CASE("attention over time refuses what does not fit, and says why", "[temporal]") {
  const auto says = [](const std::string& message, std::initializer_list<const char*> parts) {
    for (const char* part : parts) {
      INFO(message);
      CHECK(message.find(part) != std::string::npos);
    }
  };
  const HostTensor query = random_input("query", {1, 2, 8}, 1),
                   memory = random_input("memory", {1, 3, 8}, 2);
  const HostTensor x = random_input("x", {1, 5, 8}, 1);
  says(error_of(additive(), {}, {query, memory}), {"'channels'"});
  says(error_of(luong({{"channels", 8}, {"score", "cosine"}}), {}, {query, memory}),
       {"'score'", "dot|general|concat|concat_matlab"});
  says(error_of(luong({{"channels", 8}, {"score", "dot"}}), {},
                {query, random_input("memory", {1, 3, 9}, 1)}),
       {"'memory'", "(1, 3, 9)", "(batch, keys, 8)"});
  says(error_of(additive({{"channels", 8}}), {}, {query, memory, lengths_of({1, 1})}),
       {"lengths", "batch"});
  says(error_of(pooling({{"channels", 8}}), {}, {random_input("x", {5, 8}, 1)}),
       {"(5, 8)", "(batch, length, 8)"});
  says(error_of(pooling({{"channels", 8}, {"form", "clovaai"}}), {}, {x}), {"(batch, 8, length)"});
  says(error_of(pooling({{"channels", 8}, {"form", "latent"}, {"heads", 3}}), {}, {x}),
       {"8", "3 heads"});
  says(error_of(pooling({{"channels", 8}, {"form", "last"}}), {}, {x}), {"'form'", "one-head|"});
  says(error_of(pooling(),
                {weight("attention.weight", {4, 8}, {1}), weight("context.weight", {1, 5}, {1}),
                 weight("attention.gain", {4}, {1})},
                {x}),
       {"context.weight float32 (1, 5) (expected float32 (1, 4))",
        "not of the layer: attention.gain"});
  says(error_of(pooling(), {weight("linear_first.weight", {4, 8}, {1})}, {x}),
       {"missing: linear_second.weight"});
}

#include "support/sequence_layers.h"

#include <cmath>
#include <limits>

namespace heed::test {

using attention::Layer;
using attention::Options;

namespace {

constexpr Tolerance kTolerance = {1e-5, 1e-6};

Layer layer(const char* kind, Options options) { return {kind, "", std::move(options), {}}; }

size_t per_batch(const HostTensor& tensor, int axis) {
  size_t count = 1;
  for (int i = axis + 1; i < tensor.shape.rank(); ++i) {
    count *= static_cast<size_t>(tensor.shape[i]);
  }
  return count * byte_size(tensor.dtype);
}

// The two sequences of a batch, exchanged.
HostTensor exchanged(HostTensor tensor, int axis) {
  const size_t bytes = per_batch(tensor, axis);
  for (size_t at = 0; at + 2 * bytes <= tensor.data.size(); at += 2 * bytes) {
    std::swap_ranges(tensor.data.begin() + static_cast<ptrdiff_t>(at),
                     tensor.data.begin() + static_cast<ptrdiff_t>(at + bytes),
                     tensor.data.begin() + static_cast<ptrdiff_t>(at + bytes));
  }
  return tensor;
}

}  // namespace

HostTensor bools(std::string name, const Shape& shape, std::initializer_list<int> values) {
  HostTensor tensor{std::move(name), DType::kBool, shape, {}};
  for (int value : values) tensor.data.push_back(std::byte{value != 0});
  REQUIRE(tensor.data.size() == static_cast<size_t>(shape.count()));
  return tensor;
}

HostTensor lengths_of(std::initializer_list<int64_t> values) {
  return host_tensor(values, Shape{static_cast<Extent>(values.size())}, "lengths");
}

LayerResults must_run(const Layer& layer, const std::vector<HostTensor>& weights,
                      const std::vector<HostTensor>& inputs, bool channels_last) {
  const NamedWeights named = named_weights(weights);
  auto results = run_layer(layer, weights.empty() ? nullptr : &named, inputs, channels_last);
  REQUIRE(results.status().message == "");
  return std::move(results.value());
}

std::string error_of(const Layer& layer, const std::vector<HostTensor>& weights,
                     const std::vector<HostTensor>& inputs) {
  const NamedWeights named = named_weights(weights);
  return layer_error(layer, weights.empty() ? nullptr : &named, inputs);
}

void check_values(const HostTensor& actual, const Shape& shape, std::vector<float> values) {
  CHECK(difference(actual, host_tensor(std::span<const float>(values), shape), kTolerance) == "");
}

std::ostream& operator<<(std::ostream& out, const SequenceCase& c) { return out << c.layer.kind; }

std::vector<SequenceCase> self_attention_cases() {
  const auto x = [](const Shape& shape) { return random_input("x", shape, 1); };
  const auto query = [](const Shape& shape) { return random_input("query", shape, 1); };
  const std::vector<HostTensor> heads = {random_input("q", {2, 4, 5, 6}, 1),
                                         random_input("k", {2, 2, 7, 6}, 2),
                                         random_input("v", {2, 2, 7, 3}, 3)};
  const std::vector<HostTensor> tokens = {random_input("q", {2, 5, 24}, 1),
                                          random_input("k", {2, 7, 12}, 2),
                                          random_input("v", {2, 7, 6}, 3)};
  const std::vector<HostTensor> cross = {random_input("query", {2, 4, 12}, 1),
                                         random_input("key", {2, 6, 12}, 2),
                                         random_input("value", {2, 6, 12}, 3)};
  const char* const mha = "MultiHeadAttention";
  return {
      {layer("ScaledDotProductAttention", {}), heads},
      {layer("ScaledDotProductAttention",
             {{"heads", 4}, {"kvHeads", 2}, {"causal", "bottom-right"}}),
       tokens},
      {layer(mha, {{"channels", 16}, {"heads", 4}}), {query({2, 5, 16})}},
      {layer(mha,
             {{"channels", 12}, {"heads", 2}, {"kvHeads", 1}, {"rotary", "half"}, {"causal", 1}}),
       {query({2, 1, 12})}},
      {layer(mha, {{"channels", 12}, {"heads", 3}, {"qkNorm", 1}, {"scaleNorm", 1}, {"gated", 1}}),
       {query({2, 5, 12})}},
      {layer(mha, {{"channels", 12}, {"heads", 3}, {"addBiasKv", 1}, {"addZeroAttention", 1}}),
       cross},
      {layer(mha, {{"channels", 12}, {"heads", 2}, {"batchFirst", 0}}), {query({5, 2, 12})}, 1},
      {layer("SequenceSelfAttention", {{"channels", 7}}), {x({2, 6, 7})}},
      {layer("SequenceSelfAttention", {{"channels", 7}, {"width", 4}, {"readOut", 1}}),
       {x({2, 6, 7})}},
  };
}

std::vector<SequenceCase> temporal_cases() {
  const std::vector<HostTensor> pair = {random_input("query", {2, 3, 8}, 1),
                                        random_input("memory", {2, 7, 8}, 2)};
  const std::vector<HostTensor> with_lengths = {pair[0], pair[1], lengths_of({7, 4})};
  const HostTensor x = random_input("x", {2, 5, 8}, 1), one = random_input("x", {2, 1, 8}, 1);
  const char* const pooling = "TemporalAttentionPooling";
  return {
      {layer("AdditiveAttention", {{"channels", 8}, {"units", 6}}), pair},
      {layer("AdditiveAttention", {{"channels", 8}, {"normalize", 1}}), with_lengths},
      {layer("LuongAttention", {{"channels", 8}}), with_lengths},
      {layer("LuongAttention", {{"channels", 8}, {"score", "dot"}, {"local", "monotonic"}}), pair},
      {layer("LuongAttention", {{"channels", 8}, {"score", "concat"}}), pair},
      {layer("LuongAttention", {{"channels", 8}, {"score", "concat_matlab"}}), with_lengths},
      {layer(pooling, {{"channels", 8}}), {x, lengths_of({5, 2})}},
      {layer(pooling, {{"channels", 8}}), {one}},
      {layer(pooling, {{"channels", 8}, {"form", "multi-head"}, {"heads", 3}}), {x}},
      {layer(pooling, {{"channels", 5}, {"form", "statistics"}}), {x}},
      {layer(pooling, {{"channels", 5}, {"form", "clovaai"}}), {x}},
      {layer(pooling, {{"channels", 5}, {"form", "speechbrain"}}), {x, lengths_of({3, 8})}},
      {layer(pooling, {{"channels", 8}, {"form", "latent"}, {"heads", 2}, {"latents", 3}}), {x}},
  };
}

void check_runs(const SequenceCase& c) {
  const LayerResults results = must_run(c.layer, {}, c.inputs);
  const LayerResults again = must_run(c.layer, {}, c.inputs, true);
  CHECK(difference(again.output(), results.output(), kTolerance) == "");
  REQUIRE(results.maps.size() == 1);
  const HostTensor& map = results.maps[0];
  const auto row = static_cast<size_t>(map.shape[map.shape.rank() - 1]);
  for (size_t at = 0; at < map.values<float>().size(); at += row) {
    double sum = 0;
    for (size_t i = 0; i < row; ++i) sum += static_cast<double>(map.values<float>()[at + i]);
    CHECK(std::abs(sum - std::round(sum)) < 1e-5);
    CHECK(sum < 1.5);
  }
}

void check_batch_order(const SequenceCase& c) {
  std::vector<HostTensor> inputs;
  for (const HostTensor& input : c.inputs) inputs.push_back(exchanged(input, c.batch_axis));
  const LayerResults results = must_run(c.layer, {}, c.inputs);
  const LayerResults other = must_run(c.layer, {}, inputs);
  CHECK(difference(other.output(), exchanged(results.output(), c.batch_axis), kTolerance) == "");
  CHECK(difference(other.maps.at(0), exchanged(results.maps.at(0), 0), kTolerance) == "");
  // They are two.
  CHECK(difference(other.output(), results.output(), kTolerance) != "");
}

void check_nan(const SequenceCase& c) {
  const LayerResults plain = must_run(c.layer, {}, c.inputs);
  for (size_t changed = 0; changed < c.inputs.size(); ++changed) {
    if (c.inputs[changed].dtype != DType::kF32) continue;
    INFO(c.inputs[changed].name);
    std::vector<HostTensor> inputs = c.inputs;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const size_t second = per_batch(inputs[changed], c.batch_axis);
    std::memcpy(inputs[changed].data.data() + second, &nan, sizeof(nan));
    const HostTensor output = must_run(c.layer, {}, inputs).output();
    const size_t bytes = per_batch(output, c.batch_axis);
    bool seen = false;
    for (size_t at = 0; at < output.data.size(); at += sizeof(float)) {
      const float value = output.values<float>()[at / sizeof(float)];
      const bool in_second = at / bytes % 2 == 1;
      seen = seen || (in_second && std::isnan(value));
      if (!in_second) CHECK(value == plain.output().values<float>()[at / sizeof(float)]);
    }
    CHECK(seen);
  }
}

}  // namespace heed::test

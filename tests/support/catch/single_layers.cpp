#include "support/single_layers.h"

#include <catch2/catch.hpp>

namespace heed::test {

Weights joined(std::initializer_list<Weights> parts) {
  Weights all;
  for (const Weights& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Weights flat(const std::string& name, const Shape& shape, float value, float bias) {
  return {weight(name + ".weight", shape, {value}), weight(name + ".bias", {shape[0]}, {bias})};
}

HostTensor input(const Shape& shape, std::initializer_list<float> values) {
  return weight("x", shape, values);
}

HostTensor changed(HostTensor x, size_t at, float value) {
  std::memcpy(x.data.data() + at * sizeof(float), &value, sizeof(float));
  return x;
}

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

attention::Layer layer(const char* kind, attention::Options options) {
  return {kind, "", std::move(options), {}};
}

namespace {

LayerResults checked(Result<LayerResults> results) {
  REQUIRE(results.status().message == "");
  return std::move(results.value());
}

}  // namespace

LayerResults run_with(const attention::Layer& layer, const Weights& weights,
                      const std::vector<HostTensor>& inputs, bool channels_last) {
  const NamedWeights named = named_weights(weights);
  return checked(run_layer(layer, &named, inputs, channels_last));
}

LayerResults run_new(const attention::Layer& layer, const std::vector<HostTensor>& inputs,
                     bool channels_last) {
  return checked(run_layer(layer, nullptr, inputs, channels_last));
}

void check_values(const HostTensor& actual, const Shape& shape,
                  std::initializer_list<float> expected) {
  CHECK(difference(actual, weight(actual.name, shape, expected), {1e-5, 1e-6}) == "");
}

}  // namespace heed::test

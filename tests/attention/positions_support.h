// What the tests of attention over positions share.
#pragma once

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

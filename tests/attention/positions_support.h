// What the tests of attention over positions share.
#pragma once

#include <catch2/catch.hpp>

#include "graph/optimize.h"
#include "graph/session.h"
#include "support/single_layers.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

constexpr Tolerance kTolerance = {1e-5, 1e-6};

std::string error_with(const Layer& layer, const Weights& weights,
                       const std::vector<HostTensor>& inputs) {
  const NamedWeights named = named_weights(weights);
  return layer_error(layer, &named, inputs);
}

void check_same(const HostTensor& actual, const HostTensor& expected) {
  CHECK(difference(actual, expected, kTolerance) == "");
}

}  // namespace

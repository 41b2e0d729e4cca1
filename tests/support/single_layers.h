// What the tests of layers share: weights in few words, and layers run with them or new.
#pragma once

#include <cmath>
#include <limits>

#include "support/run_layer.h"

namespace heed::test {

inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

inline float sigmoid(float v) { return 1 / (1 + std::exp(-v)); }

using Weights = std::vector<HostTensor>;
Weights joined(std::initializer_list<Weights> parts);
// A convolution (or a connection) whose weights are all `value`, with a bias.
Weights flat(const std::string& name, const Shape& shape, float value, float bias);

HostTensor input(const Shape& shape, std::initializer_list<float> values);  // x
// x with element `at` changed.
HostTensor changed(HostTensor x, size_t at, float value);
// The image `from` of a batch (of two), or of a map in which images lie behind one another.
HostTensor half(const HostTensor& batch, int from);
HostTensor swapped(const HostTensor& batch);  // its halves

attention::Layer layer(const char* kind, attention::Options options = {});
// Fail the test when there is an error.
LayerResults run_with(const attention::Layer& layer, const Weights& weights,
                      const std::vector<HostTensor>& inputs, bool channels_last = false);
LayerResults run_new(const attention::Layer& layer, const std::vector<HostTensor>& inputs,
                     bool channels_last = false);

// Within 1e-6 + 1e-5 relative; of one value: it is in all places.
void check_values(const HostTensor& actual, const Shape& shape,
                  std::initializer_list<float> expected);

}  // namespace heed::test

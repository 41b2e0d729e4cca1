// Single layers: weights made by hand, and running a layer with them.
#pragma once

#include "attention/layer.h"
#include "support/host_tensor.h"

namespace heed::test {

// Weights as a state dict gives them, sorted.
NamedWeights named_weights(const std::vector<HostTensor>& weights);
// A float weight of these values; of one value: of that in all places.
HostTensor weight(std::string name, const Shape& shape, std::initializer_list<float> values);
// The four of a batch norm over `channels` that adds `bias` and does nothing else.
std::vector<HostTensor> plain_batch_norm(const std::string& name, Extent channels, float bias = 0);

HostTensor random_input(std::string name, const Shape& shape, uint32_t seed);

struct LayerResults {
  std::vector<HostTensor> outputs, maps;  // maps by what their block's id ends with
  const HostTensor& output() const { return outputs.at(0); }
  // The only one, or that of a name.
  const HostTensor& map(const std::string& name = {}) const;
};

// Inputs are given by their names. `weights` null: a new layer.
Result<LayerResults> run_layer(const attention::Layer& layer, const NamedWeights* weights,
                               const std::vector<HostTensor>& inputs, bool channels_last = false);
// The message of what must fail; "no error" when it does not.
std::string layer_error(const attention::Layer& layer, const NamedWeights* weights,
                        const std::vector<HostTensor>& inputs);

}  // namespace heed::test

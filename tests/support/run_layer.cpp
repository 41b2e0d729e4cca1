#include "support/run_layer.h"

#include <algorithm>
#include <stdexcept>

#include "graph/optimize.h"
#include "support/run_graph.h"

namespace heed::test {

NamedWeights named_weights(const std::vector<HostTensor>& weights) {
  NamedWeights named;
  for (const HostTensor& weight : weights) {
    named.push_back({weight.name, make_constant(weight.values<float>(), weight.shape)});
  }
  std::sort(named.begin(), named.end(),
            [](const NamedWeight& a, const NamedWeight& b) { return a.name < b.name; });
  return named;
}

HostTensor weight(std::string name, const Shape& shape, std::initializer_list<float> values) {
  std::vector<float> all(values);
  if (all.size() == 1) all.resize(static_cast<size_t>(shape.count()), all[0]);
  if (all.size() != static_cast<size_t>(shape.count())) throw std::runtime_error("wrong count");
  return host_tensor(std::span<const float>(all), shape, std::move(name));
}

std::vector<HostTensor> plain_batch_norm(const std::string& name, Extent channels, float bias) {
  const Shape shape = {channels};
  return {weight(name + ".weight", shape, {1}), weight(name + ".bias", shape, {bias}),
          weight(name + ".running_mean", shape, {0}),
          weight(name + ".running_var", shape, {1 - 1e-5f})};
}

HostTensor random_input(std::string name, const Shape& shape, uint32_t seed) {
  const auto values = random_floats(static_cast<size_t>(shape.count()), seed, -2, 2);
  return host_tensor(std::span<const float>(values), shape, std::move(name));
}

const HostTensor& LayerResults::map(const std::string& name) const {
  for (const HostTensor& map : maps) {
    if (map.name == name || (name.empty() && maps.size() == 1)) return map;
  }
  throw std::runtime_error("there is no map '" + name + "'");
}

Result<LayerResults> run_layer(const attention::Layer& layer, const NamedWeights* weights,
                               const std::vector<HostTensor>& inputs, bool channels_last) {
  std::vector<attention::GivenInput> given;
  for (const HostTensor& input : inputs) given.push_back({input.name, input.dtype});
  Result<Graph> graph = attention::build_layer(layer, weights, given);
  if (!graph.ok()) return graph.status();
  HEED_TRY(optimize(graph.value()));
  auto session = Session::create(std::move(graph.value()), {.force_channels_last = channels_last});
  if (!session.ok()) return session.status();
  const Graph& built = session.value()->graph();
  std::vector<HostTensor> ordered;
  for (TensorId id : built.inputs) {
    for (const HostTensor& input : inputs) {
      if (input.name == built.tensor(id).name) ordered.push_back(input);
    }
  }
  Request request;
  request.outputs = built.outputs;
  for (size_t i = 0; i < built.blocks.size(); ++i) request.blocks.push_back(static_cast<int>(i));
  auto values = run(*session.value(), ordered, request);
  if (!values.ok()) return values.status();
  LayerResults results;
  for (size_t i = 0; i < values.value().size(); ++i) {
    HostTensor& value = values.value()[i];
    if (i < built.outputs.size()) {
      results.outputs.push_back(std::move(value));
      continue;
    }
    const std::string& id = built.blocks[i - built.outputs.size()].id;
    value.name = id.substr(id.rfind('.') + 1);
    results.maps.push_back(std::move(value));
  }
  return results;
}

std::string layer_error(const attention::Layer& layer, const NamedWeights* weights,
                        const std::vector<HostTensor>& inputs) {
  const auto results = run_layer(layer, weights, inputs);
  return results.ok() ? "no error" : std::string(results.status().message);
}

}  // namespace heed::test

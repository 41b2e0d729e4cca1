#include "bindings/layers/description.h"

#include <cstring>

#include "attention/layer.h"

namespace heed {

namespace {

using attention::Layer;

class WordReader {
 public:
  explicit WordReader(std::span<const int32_t> words) : at_(words.data()) {}

  int32_t next() { return *at_++; }
  double number() {
    double value;
    std::memcpy(&value, at_, sizeof value);
    at_ += 2;
    return value;
  }
  // Its bytes, then the text, padded to whole words.
  std::string text() {
    const int32_t bytes = next();
    std::string value(reinterpret_cast<const char*>(at_), static_cast<size_t>(bytes));
    at_ += (bytes + 3) / 4;
    return value;
  }
  DType dtype() { return static_cast<DType>(next()); }

  Layer layer() {
    Layer layer;
    layer.kind = text();
    layer.at = text();
    for (int32_t options = next(); options > 0; --options) {
      const std::string name = text();
      // Text, or so many numbers.
      const int32_t count = next();
      if (count < 0) {
        layer.options.set_text(name, text());
      } else {
        layer.options.set_empty(name);
        for (int32_t i = 0; i < count; ++i) layer.options.add_number(name, number());
      }
    }
    for (int32_t parts = next(); parts > 0; --parts) layer.parts.push_back(this->layer());
    return layer;
  }

 private:
  const int32_t* at_;
};

Result<Graph> read_network(WordReader& words, const NamedWeights* weights) {
  attention::Network network(weights);
  // Values by the step that gives them: the inputs first.
  std::vector<std::vector<TensorId>> values;
  for (int32_t inputs = words.next(); inputs > 0; --inputs) {
    const std::string name = words.text();
    const DType dtype = words.dtype();
    std::vector<Dimension> dims;
    for (int32_t rank = words.next(); rank > 0; --rank) {
      const int32_t extent = words.next();
      dims.push_back({extent, words.text()});
    }
    values.push_back({network.input(name, dtype, std::move(dims))});
  }
  Status status;
  const auto value = [&] {
    const auto step = static_cast<size_t>(words.next());
    const auto result = static_cast<size_t>(words.next());
    if (result < values[step].size()) return values[step][result];
    if (status.ok() && !values[step].empty()) {
      status = error(Code::kUnknownName, "a layer has no result ", uint64_t{result}, ", only ",
                     uint64_t{values[step].size()});
    }
    return network.nothing();
  };
  for (int32_t steps = words.next(); steps > 0; --steps) {
    const Layer layer = words.layer();
    std::vector<attention::Network::Argument> arguments;
    for (int32_t count = words.next(); count > 0; --count) {
      const std::string name = words.text();
      arguments.push_back({name, value()});
    }
    values.push_back(network.apply(layer, arguments));
  }
  for (int32_t outputs = words.next(); outputs > 0; --outputs) {
    const std::string name = words.text();
    network.output(name, value());
  }
  Result<Graph> graph = network.finish();
  // What came first is told.
  return status.ok() || !graph.ok() ? std::move(graph) : Result<Graph>(status);
}

}  // namespace

Result<Graph> build_described(std::span<const int32_t> description, const NamedWeights* weights) {
  WordReader words(description);
  if (words.next() != 0) return read_network(words, weights);
  std::vector<attention::GivenInput> given;
  for (int32_t count = words.next(); count > 0; --count) {
    const std::string name = words.text();
    given.push_back({name, words.dtype()});
  }
  return attention::build_layer(words.layer(), weights, given);
}

}  // namespace heed

// The fixtures of tests/fixtures/attention: what PyTorch, timm or the specification say a layer
// gives.
#pragma once

#include <string>
#include <vector>

#include "attention/layer.h"
#include "support/host_tensor.h"

namespace heed::test {

// One case of a fixture file; see the fixtures' README.
struct Fixture {
  std::string name, mechanism, dialect;
  attention::Options options;
  NamedWeights weights;
  std::vector<HostTensor> inputs, outputs, maps;
};

// All cases of `<name>.safetensors`, generated tensors included. Throws when the file is not as it
// should be.
std::vector<Fixture> read_fixtures(const std::string& name);

}  // namespace heed::test

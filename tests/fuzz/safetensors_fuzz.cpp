// Any bytes, given to the safetensors reader: weights or an error, never a crash. What it gives is
// read to the end.
#include <cstdlib>

#include "formats/safetensors.h"

using namespace heed;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of exactly that size, so that a read past its end is seen.
  const auto owner = std::make_shared<std::vector<std::byte>>(size);
  for (size_t i = 0; i < size; ++i) (*owner)[i] = static_cast<std::byte>(data[i]);
  const Result<NamedWeights> weights = read_safetensors(*owner, owner);
  if (!weights.ok()) {
    if (weights.status().code == Code::kInternal || weights.status().message.empty()) std::abort();
    return 0;
  }
  unsigned sum = 0;
  for (const NamedWeight& weight : weights.value()) {
    for (size_t i = 0; i < weight.value->bytes(); ++i) {
      sum += static_cast<unsigned>(weight.value->data[i]);
    }
  }
  volatile unsigned kept = sum;
  static_cast<void>(kept);
  return 0;
}

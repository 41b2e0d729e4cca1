// Any bytes, given to the ONNX reader: a graph or an error, never a crash.
#include <cstdlib>

#include "formats/onnx.h"

using namespace heed;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const bool may_modify : {false, true}) {
    // A copy of exactly that size: the reader may write to it, and a read past its end is seen.
    const auto owner = std::make_shared<std::vector<std::byte>>(size);
    for (size_t i = 0; i < size; ++i) (*owner)[i] = static_cast<std::byte>(data[i]);
    const std::vector<std::byte> weights(64);
    OnnxOptions options;
    options.may_modify_file = may_modify;
    options.external_files.push_back({"weights.bin", weights, nullptr});
    const Result<Graph> graph = read_onnx(*owner, owner, options);
    if (!graph.ok() && (graph.status().code == Code::kInternal || graph.status().message.empty()))
      std::abort();
  }
  return 0;
}

// ONNX's test data: files with one TensorProto.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "support/host_tensor.h"

namespace heed::test {

std::vector<std::byte> read_file(const std::string& path);  // empty when it cannot be read

// A reader of its own, which shares nothing with the one that is tested. float64 becomes float32;
// an error when the tensor has a type that heed lacks.
Result<HostTensor> read_tensor_file(const std::string& path);

}  // namespace heed::test

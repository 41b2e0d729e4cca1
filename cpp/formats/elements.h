// Elements as files store them, and what they become in the graph.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace heed {

// How an element type is stored, and what it becomes.
struct Storage {
  uint8_t size;    // of one element in the file; 0: not supported
  bool same_bits;  // stored in the graph bit for bit as in the file
  DType dtype;
};

// Of an element type by its number in ONNX (TensorProto.DataType). Null for types that are not
// supported.
const Storage* storage_of(int64_t type);

// Elements of `size` bytes each: as ONNX stores the type, or 8 where they were variable-length
// integers. Their types say which of the bits count. False when a value does not fit.
bool convert_elements(int64_t type, const char* bytes, size_t size, size_t count, std::byte* out);

}  // namespace heed

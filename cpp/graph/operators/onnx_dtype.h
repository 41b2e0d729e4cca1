// ONNX's numbers of element types.
#pragma once

#include "graph/node_reader.h"

namespace heed {

// The type that ONNX's TensorProto.DataType `type` has here: 16-bit integers are held in int32,
// wider ones in int64; readers have already replaced bfloat16 and float64 by float32. An error for
// text, complex and sub-byte types.
DType dtype_of_onnx(NodeReader& node, int64_t type);

}  // namespace heed

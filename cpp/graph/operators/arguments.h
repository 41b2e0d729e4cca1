// Reading the arguments of operators that became inputs in later operator sets, and checking axes.
#pragma once

#include <vector>

#include "graph/operator.h"

namespace heed {

// The integers of a constant of type int64 or int32; empty for null and for other types.
std::vector<int64_t> integers_of(const Constant* constant);

// An integer list that is an input in new operator sets and an attribute in old ones. Empty when
// neither is given. For inference the input's value is required (return its error unchanged).
Result<std::vector<int64_t>> integers_argument(Inference& node, int input,
                                               std::string_view attribute);
std::vector<int64_t> integers_argument(const Lowering& node, int input, std::string_view attribute);

// A set of axes, one bit for each.
using AxisSet = uint32_t;
inline bool contains(AxisSet set, int axis) { return (set >> axis & 1) != 0; }

// Non-negative axes in the order given; an error for one out of range or named twice. `ordered` may
// be null.
Result<AxisSet> axis_set(std::span<const int64_t> axes, int rank, std::vector<int>* ordered);

// The type that ONNX's TensorProto.DataType `type` has here: 16-bit integers are held in int32,
// wider ones in int64; readers have already replaced bfloat16 and float64 by float32. An error for
// text, complex and sub-byte types.
Result<DType> dtype_of_onnx(int64_t type);

// An error when output 0 is left out: of operators with several outputs, where it is not optional.
Status check_first_output(const Inference& node);

// Sets output 0 to a checked shape.
Status set_shape(Inference& node, DType dtype, std::span<const int64_t> dims);

}  // namespace heed

#include "graph/operators/onnx_dtype.h"

namespace heed {

DType dtype_of_onnx(NodeReader& node, int64_t type) {
  constexpr auto kNone = static_cast<DType>(kDTypeCount);
  constexpr DType kTypes[] = {kNone,       DType::kF32, DType::kU8,  DType::kI8, DType::kI32,
                              DType::kI32, DType::kI32, DType::kI64, kNone,      DType::kBool,
                              DType::kF16, kNone,       DType::kI64, DType::kI64};
  if (type >= 0 && type < static_cast<int64_t>(std::size(kTypes)) && kTypes[type] != kNone) {
    return kTypes[type];
  }
  node.fail(Code::kUnsupportedType, "the element type % of ONNX is not supported", type);
  return DType::kF32;
}

}  // namespace heed

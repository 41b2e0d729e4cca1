// Conversion between element types.
#pragma once

#include "base/dtype.h"
#include "base/shape.h"

namespace heed::kernels {

// to[i] = (to_type)from[i] for i < count. The tensors do not overlap.
// Float to integer: towards zero, saturating, NaN gives 0 (ONNX leaves what is out of range
// undefined). Integer to narrower integer: the low bits. To bool: whether it is not zero (NaN is
// not). To float16: to nearest even, infinity above 65504.
void convert(DType from_type, const void* from, DType to_type, void* to, Extent count);

}  // namespace heed::kernels

// Linear quantisation, and products of 8-bit integers.
#pragma once

#include "base/dtype.h"
#include "kernels/iterate.h"

namespace heed::kernels {

// y = clamp(round(x / scale) + zero_point), half to even, over the loop of (y, x, scale,
// zero_point). `zero_point` (null: 0) has the type of y: uint8 or int8. NaN gives the least
// integer.
void quantize(const Loop& loop, const float* x, const float* scale, const void* zero_point, void* y,
              DType type);

// y = (x - zero_point) * scale over the loop of (y, x, scale, zero_point). x and zero_point (null:
// 0) are uint8, int8 or int32.
void dequantize(const Loop& loop, const void* x, const float* scale, const void* zero_point,
                float* y, DType type);

// The scale and zero point that map min(0, x) to max(0, x) to 0..255; the scale is 1 where x is all
// zeros. x is contiguous.
void choose_quantization(const float* x, Extent count, float* scale, uint8_t* zero_point);

// to[i] = from[i] - zero_points[i / length] for i < runs * length; uint8 or int8, zero_points null:
// 0.
void widen_to_float(const void* from, const void* zero_points, DType type, Extent runs,
                    Extent length, float* to);

// to[i] = from[i] rounded to the nearest integer.
void round_to_integers(const float* from, Extent count, int32_t* to);

}  // namespace heed::kernels

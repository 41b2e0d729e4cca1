// Products of matrices of 8-bit integers, exact in 32 bits (which wrap around, as ONNX's do).
#pragma once

#include "base/dtype.h"
#include "base/shape.h"

namespace heed::kernels {

// int16 elements that A[rows, depth] and B[depth, columns] take once widened.
int64_t widened_a_count(Extent rows, Extent depth);
int64_t widened_b_count(Extent depth, Extent columns);

// wide[m][k] = a[m, k] - zero_points[m * zero_step], rows padded with zeros to an even length.
// `type`: uint8 or int8, of the zero points too (null: 0).
void widen_a(const void* a, const void* zero_points, Extent zero_step, DType type, Extent rows,
             Extent depth, int16_t* wide);

// wide[p][k / 2][j][k % 2] = b[k, 4 p + j] - zero_points[(4 p + j) * zero_step], zeros beyond the
// matrix.
void widen_b(const void* b, const void* zero_points, Extent zero_step, DType type, Extent depth,
             Extent columns, int16_t* wide);

// c[m, n] = sum_k a[m, k] b[k, n] of widened matrices; c is contiguous.
void integer_gemm(Extent rows, Extent columns, Extent depth, const int16_t* a, const int16_t* b,
                  int32_t* c);

}  // namespace heed::kernels

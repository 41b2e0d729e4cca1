// Tasks that multiply matrices.
#pragma once

#include "graph/operator.h"
#include "kernels/batched_gemm.h"

namespace heed {

// The shape of MatMul's result, or an error.
Result<Shape> matmul_shape(const Shape& a, const Shape& b);
// MatMul of row-major tensors whose shapes fit.
kernels::BatchedGemm matmul_stack(const Shape& a, const Shape& b);

// c = activation(scale * a b + bias + residual), `bias` and `residual` being kNoBuffer where there
// is none; the activation is the node's.
struct ProductBuffers {
  Buffer a = kNoBuffer, c = kNoBuffer, bias = kNoBuffer, residual = kNoBuffer;
};

// Adds the task; B is input `b_input`, its panels made once if it is constant.
Status run_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                   int b_input);
// The same with B in any buffer, plain.
Status run_dynamic_product(Lowering& node, const kernels::BatchedGemm& shape,
                           const ProductBuffers& buffers, Buffer b);

}  // namespace heed

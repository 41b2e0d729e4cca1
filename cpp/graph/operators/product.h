// Tasks that multiply matrices.
#pragma once

#include "graph/operator.h"
#include "kernels/batched_gemm.h"

namespace heed {

// The shape of MatMul's result of inputs 0 and 1; false, and an error, where they do not fit.
bool matmul_shape(NodeReader& node, Shape& out);
// MatMul of row-major inputs 0 and 1 whose shapes fit.
kernels::BatchedGemm matmul_stack(NodeReader& node);

// c = activation(scale * a b + bias + residual), `bias` and `residual` being kNoBuffer where there
// is none; the activation is the node's.
struct ProductBuffers {
  Buffer a = kNoBuffer, c = kNoBuffer, bias = kNoBuffer, residual = kNoBuffer;
};

// Adds the task; B is input `b_input`, its panels made once if it is constant.
void run_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                 int b_input);
// The same with B in any buffer, plain.
void run_dynamic_product(Lowering& node, const kernels::BatchedGemm& shape,
                         const ProductBuffers& buffers, Buffer b);

}  // namespace heed

// Weights in the form in which products and convolutions read them.
#pragma once

#include <functional>

#include "graph/operator.h"
#include "kernels/batched_gemm.h"

namespace heed {

// Memory with `count` floats that `fill(from, to)` makes of input `index` (float32, row-major):
// once and shared by all plans when the input is constant, else in scratch memory, by a task in
// front of those that follow. `key` names the form.
Result<Buffer> pack_weights(Lowering& node, int index, std::string_view key, int64_t count,
                            std::function<void(const float*, float*)> fill);

// A product's task: c = activation(scale * a b + bias + residual), `bias` and `residual` being
// kNoBuffer where there is none.
struct ProductBuffers {
  Buffer a = kNoBuffer, c = kNoBuffer, bias = kNoBuffer, residual = kNoBuffer;
};

// Adds the task; B is input `b_input`, its panels made once if it is constant.
Status run_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                   int b_input);
// The same with B in any buffer, plain.
Status run_dynamic_product(Lowering& node, const kernels::BatchedGemm& shape,
                           const ProductBuffers& buffers, Buffer b);

// Bytes of `count` floats, an error where the address space has not so many.
Result<size_t> float_bytes(int64_t count);

}  // namespace heed

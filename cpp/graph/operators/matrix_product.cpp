// MatMul and Gemm.
#include "graph/operators/copy_task.h"
#include "graph/operators/product.h"
#include "kernels/residual.h"

namespace heed {

// Inputs: A, B and, where the pass that folds affine maps added it, a bias (columns).
void infer_matmul(Inference& node) {
  node.expect_floats(node.input_count());
  Shape out;
  if (matmul_shape(node, out)) node.set(0, DType::kF32, out);
}

void lower_matmul(Lowering& node) {
  kernels::BatchedGemm shape = matmul_stack(node);
  // One matrix B: the stack of A is one tall matrix.
  bool one_b = true;
  for (int axis = 0; axis < shape.rank; ++axis) {
    if (shape.extents[axis] > 1)
      one_b = one_b && shape.b_steps[axis] == 0 && shape.a_steps[axis] > 0;
  }
  if (one_b) {
    shape.product.rows *= shape.count();
    shape.rank = 0;
  }
  run_product(
      node, shape,
      {node.input_buffer(0), node.output_buffer(0), node.input_buffer(2), node.residual_buffer()},
      1);
}

void infer_gemm(Inference& node) {
  node.expect_floats(3);
  const Shape &a = node.shape(0), &b = node.shape(1);
  const int a_columns = node.flag("transA") ? 0 : 1, b_columns = node.flag("transB") ? 0 : 1;
  if (a.rank() != 2 || b.rank() != 2 || a[a_columns] != b[1 - b_columns]) {
    return node.fail(Code::kWrongShape,
                     "a product of the shapes % and %: columns do not meet as many rows", a, b);
  }
  Dims dims;
  dims.add(a[1 - a_columns]);
  dims.add(b[b_columns]);
  Shape out;
  if (!node.make_shape(dims, out)) return;
  if (node.has(2)) node.expect_broadcast(node.shape(2), out);
  node.set(0, DType::kF32, out);
}

namespace {

// C of Gemm as what a product adds: a row, or a whole matrix in scratch memory.
void place_addend(Lowering& node, const kernels::Gemm& product, ProductBuffers& buffers) {
  buffers.residual = node.residual_buffer();
  const float beta = node.real("beta", 1.0f);
  if (!node.has(2) || beta == 0) return;
  const Shape& c = node.shape(2);
  const Buffer from = node.input_buffer(2);
  const int rank = c.rank();
  const Extent columns = rank > 0 ? c[rank - 1] : 1, rows = rank > 1 ? c[rank - 2] : 1;
  if (beta == 1 && rows == 1 && columns == product.columns) {
    buffers.bias = from;
    return;
  }
  const kernels::ScaledAddend addend{product.rows, product.columns, rows > 1 ? columns : 0,
                                     columns > 1 ? 1 : 0, beta};
  const Buffer sum = node.scratch(int64_t{product.rows} * product.columns);
  node.run([=, residual = buffers.residual](const Run& run) {
    kernels::scaled_addend(addend, run.at(from), run.at(residual), run.at(sum));
  });
  buffers.residual = sum;
}

}  // namespace

void lower_gemm(Lowering& node) {
  const Shape &a = node.shape(0), &b = node.shape(1);
  const View out = node.output(0);
  const bool transposed_a = node.flag("transA"), transposed_b = node.flag("transB");
  kernels::BatchedGemm shape;
  kernels::Gemm& product = shape.product;
  product.rows = out.shape[0];
  product.columns = out.shape[1];
  product.depth = a[transposed_a ? 0 : 1];
  product.a_step = product.depth;
  product.c_step = product.columns;
  shape.b_row_step = transposed_b ? 1 : b[1];
  shape.b_column_step = transposed_b ? b[1] : 1;
  shape.scale = node.real("alpha", 1.0f);

  ProductBuffers buffers{node.input_buffer(0), out.buffer};
  place_addend(node, product, buffers);
  if (transposed_a && a[0] > 1 && a[1] > 1) {
    const Shape wanted{product.rows, product.depth};
    const Buffer to = node.scratch(wanted.count());
    run_copy(node, kernels::make_copy(wanted, Strides{{1, a[1]}}, strides_of(wanted)), {buffers.a},
             {to}, sizeof(float));
    buffers.a = to;
  }
  run_product(node, shape, buffers, 1);
}

}  // namespace heed

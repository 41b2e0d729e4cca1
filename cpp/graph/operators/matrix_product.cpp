// MatMul and Gemm.
#include "graph/operators/packing.h"
#include "graph/operators/product.h"
#include "kernels/copy.h"
#include "kernels/residual.h"

namespace heed {

namespace {

Status check_float(const Inference& node) {
  for (int input = 0; input < node.input_count(); ++input) {
    if (node.has(input) && node.dtype(input) != DType::kF32) {
      return error(Code::kUnsupportedType, "matrix products of ", dtype_name(node.dtype(input)),
                   " are not supported");
    }
  }
  return {};
}

}  // namespace

// Inputs: A, B and, where the pass that folds affine maps added it, a bias (columns).
Status infer_matmul(Inference& node) {
  HEED_TRY(check_float(node));
  const Result<Shape> out = matmul_shape(node.shape(0), node.shape(1));
  if (!out.ok()) return out.status();
  node.set(0, DType::kF32, out.value());
  return {};
}

Status lower_matmul(Lowering& node) {
  const View a = node.input(0), c = node.output(0);
  kernels::BatchedGemm shape = matmul_stack(a.shape, node.input_shape(1));
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
  ProductBuffers buffers{a.buffer, c.buffer};
  if (node.has(2)) buffers.bias = node.input(2).buffer;
  if (node.has_residual()) buffers.residual = node.residual().buffer;
  return run_product(node, shape, buffers, 1);
}

Status infer_gemm(Inference& node) {
  HEED_TRY(check_float(node));
  const Shape& a = node.shape(0);
  const Shape& b = node.shape(1);
  if (a.rank() != 2 || b.rank() != 2) {
    return error(Code::kWrongShape, "Gemm of shapes ", a, " and ", b, ", expected matrices");
  }
  const int a_columns = node.attributes().integer("transA", 0) != 0 ? 0 : 1;
  const int b_columns = node.attributes().integer("transB", 0) != 0 ? 0 : 1;
  if (a[a_columns] != b[1 - b_columns]) {
    return error(Code::kWrongShape, "Gemm of shapes ", a, " and ", b, ": ", a[a_columns],
                 " columns do not meet as many rows");
  }
  const int64_t dims[2] = {a[1 - a_columns], b[b_columns]};
  const Result<Shape> out = Shape::make(dims);
  if (!out.ok()) return out.status();
  if (node.has(2)) {
    const Result<Shape> both = broadcast(node.shape(2), out.value());
    if (!both.ok() || !(both.value() == out.value())) {
      return error(Code::kWrongShape, "Gemm cannot add the shape ", node.shape(2), " to ",
                   out.value());
    }
  }
  node.set(0, DType::kF32, out.value());
  return {};
}

namespace {

// C of Gemm as what a product adds: a row, or a whole matrix in scratch memory.
void place_addend(Lowering& node, const kernels::Gemm& product, ProductBuffers& buffers) {
  if (node.has_residual()) buffers.residual = node.residual().buffer;
  const float beta = node.attributes().real("beta", 1.0f);
  if (!node.has(2) || beta == 0) return;
  const View c = node.input(2);
  const int rank = c.shape.rank();
  const Extent columns = rank > 0 ? c.shape[rank - 1] : 1, rows = rank > 1 ? c.shape[rank - 2] : 1;
  if (beta == 1 && rows == 1 && columns == product.columns) {
    buffers.bias = c.buffer;
    return;
  }
  const kernels::ScaledAddend addend{product.rows, product.columns, rows > 1 ? columns : 0,
                                     columns > 1 ? 1 : 0, beta};
  const Buffer sum =
      node.scratch(static_cast<size_t>(node.output(0).shape.count()) * sizeof(float));
  const Buffer residual = buffers.residual;
  node.run([=](const Run& run) {
    kernels::scaled_addend(addend, run.at(c.buffer),
                           residual == kNoBuffer ? nullptr : run.at(residual), run.at(sum));
  });
  buffers.residual = sum;
}

}  // namespace

Status lower_gemm(Lowering& node) {
  const View a = node.input(0), out = node.output(0);
  const Shape b = node.input_shape(1);
  const bool transposed_a = node.attributes().integer("transA", 0) != 0;
  const bool transposed_b = node.attributes().integer("transB", 0) != 0;
  kernels::BatchedGemm shape;
  kernels::Gemm& product = shape.product;
  product.rows = out.shape[0];
  product.columns = out.shape[1];
  product.depth = a.shape[transposed_a ? 0 : 1];
  product.a_step = product.depth;
  product.c_step = product.columns;
  shape.b_row_step = transposed_b ? 1 : b[1];
  shape.b_column_step = transposed_b ? b[1] : 1;
  shape.scale = node.attributes().real("alpha", 1.0f);

  ProductBuffers buffers;
  buffers.a = a.buffer;
  buffers.c = out.buffer;
  place_addend(node, product, buffers);
  if (transposed_a && a.shape[0] > 1 && a.shape[1] > 1) {
    const Shape wanted{product.rows, product.depth};
    const kernels::StridedCopy copy =
        kernels::make_copy(wanted, Strides{{1, a.shape[1]}}, strides_of(wanted));
    buffers.a = node.scratch(static_cast<size_t>(wanted.count()) * sizeof(float));
    const Buffer to = buffers.a;
    node.run([=](const Run& run) {
      kernels::copy_strided(copy, run.at(a.buffer), run.at(to), sizeof(float));
    });
  }
  return run_product(node, shape, buffers, 1);
}

}  // namespace heed

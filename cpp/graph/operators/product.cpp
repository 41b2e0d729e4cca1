#include "graph/operators/product.h"

#include <bit>

#include "graph/operators/packing.h"
#include "kernels/pack_panels.h"

namespace heed {

namespace {

// The extents in front of a matrix.
Shape batch_shape(const Shape& shape) {
  Shape batch;
  for (int axis = 0; axis + 2 < shape.rank(); ++axis) batch.push_back(shape[axis]);
  return batch;
}

// The axis of B's columns; with the attribute transB, which layers set, it is the last but one.
int columns_axis(const NodeReader& node, const Shape& b) {
  return b.rank() > 1 && node.flag("transB") ? b.rank() - 2 : b.rank() - 1;
}

}  // namespace

bool matmul_shape(NodeReader& node, Shape& out) {
  const Shape &a = node.shape(0), &b = node.shape(1);
  const Extent depth = a.rank() < 1 ? -1 : a[a.rank() - 1];
  const int columns = columns_axis(node, b), rows = b.rank() < 2 ? 0 : 2 * b.rank() - 3 - columns;
  if (b.rank() < 1 || depth != b[rows]) {
    node.fail(Code::kWrongShape,
              "a product of the shapes % and %: columns do not meet as many rows", a, b);
    return false;
  }
  Shape batch;
  node.broadcast_shapes(batch_shape(a), batch_shape(b), batch);
  Dims dims(batch);
  if (a.rank() > 1) dims.add(a[a.rank() - 2]);
  if (b.rank() > 1) dims.add(b[columns]);
  return node.make_shape(dims, out);
}

kernels::BatchedGemm matmul_stack(NodeReader& node) {
  const Shape &a = node.shape(0), &b = node.shape(1);
  kernels::BatchedGemm shape;
  kernels::Gemm& product = shape.product;
  product.rows = a.rank() > 1 ? a[a.rank() - 2] : 1;
  product.depth = a[a.rank() - 1];
  const int columns = columns_axis(node, b);
  const bool transposed = columns + 1 < b.rank();
  product.columns = b.rank() > 1 ? b[columns] : 1;
  product.a_step = product.depth;
  product.c_step = product.columns;
  shape.b_row_step = transposed ? 1 : product.columns;
  shape.b_column_step = transposed ? product.depth : 1;

  const Shape a_batch = batch_shape(a), b_batch = batch_shape(b);
  const Shape batch = broadcast(a_batch, b_batch).value();
  shape.rank = batch.rank();
  Extent a_step = product.rows * product.depth, b_step = product.depth * product.columns;
  for (int axis = batch.rank() - 1; axis >= 0; --axis) {
    shape.extents[axis] = batch[axis];
    const int at_a = axis - batch.rank() + a_batch.rank();
    const int at_b = axis - batch.rank() + b_batch.rank();
    if (at_a >= 0 && a_batch[at_a] > 1) shape.a_steps[axis] = a_step;
    if (at_b >= 0 && b_batch[at_b] > 1) shape.b_steps[axis] = b_step;
    if (at_a >= 0) a_step *= a_batch[at_a];
    if (at_b >= 0) b_step *= b_batch[at_b];
  }
  return shape;
}

namespace {

void add_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                 Buffer plain, Buffer panels) {
  node.run([=, activation = node.activation()](const Run& run) {
    kernels::batched_gemm(shape, run.at(buffers.a), {run.at(plain), run.at(panels)},
                          run.at(buffers.bias), run.at(buffers.c),
                          {run.at(buffers.residual), activation});
  });
}

}  // namespace

void run_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                 int b_input) {
  if (!node.value(b_input) || kernels::wants_plain_b(shape, true)) {
    return run_dynamic_product(node, shape, buffers, node.input_buffer(b_input));
  }
  const Extent depth = shape.product.depth, columns = shape.product.columns;
  const int64_t one = kernels::panels_count(depth, columns);
  const Extent plain = depth * columns;
  const Extent matrices = plain == 0 ? 0 : node.shape(b_input).count() / plain;
  const std::string key = join("panels/", depth, ",", columns, ",", shape.b_row_step, ",",
                               std::bit_cast<int32_t>(shape.scale));
  const Buffer panels = pack_weights(
      node, b_input, key, one * matrices, PackedForm::kOnly, [=](const float* from, float* to) {
        for (Extent i = 0; i < matrices; ++i, from += plain, to += one) {
          kernels::pack_panels(
              kernels::matrix_source(from, depth, shape.b_row_step, shape.b_column_step), columns,
              to);
          for (int64_t j = 0; shape.scale != 1 && j < one; ++j) to[j] *= shape.scale;
        }
      });
  add_product(node, shape, buffers, kNoBuffer, panels);
}

void run_dynamic_product(Lowering& node, const kernels::BatchedGemm& shape,
                         const ProductBuffers& buffers, Buffer b) {
  Buffer panels = kNoBuffer;
  if (!kernels::wants_plain_b(shape, false)) {
    panels = node.scratch(kernels::panels_count(shape.product.depth, shape.product.columns));
  }
  add_product(node, shape, buffers, b, panels);
}

}  // namespace heed

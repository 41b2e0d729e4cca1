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

}  // namespace

Result<Shape> matmul_shape(const Shape& a, const Shape& b) {
  if (a.rank() < 1 || b.rank() < 1) {
    return error(Code::kWrongShape, "a product of the shapes ", a, " and ", b);
  }
  const Extent depth = a[a.rank() - 1];
  if (depth != b[b.rank() < 2 ? 0 : b.rank() - 2]) {
    return error(Code::kWrongShape, "a product of the shapes ", a, " and ", b, ": ", depth,
                 " columns do not meet as many rows");
  }
  const Result<Shape> batch = broadcast(batch_shape(a), batch_shape(b));
  if (!batch.ok()) return batch.status();
  int64_t dims[kMaxRank];
  size_t rank = 0;
  for (Extent extent : batch.value()) dims[rank++] = extent;
  if (a.rank() > 1) dims[rank++] = a[a.rank() - 2];
  if (b.rank() > 1) dims[rank++] = b[b.rank() - 1];
  return Shape::make({dims, rank});
}

kernels::BatchedGemm matmul_stack(const Shape& a, const Shape& b) {
  kernels::BatchedGemm shape;
  kernels::Gemm& product = shape.product;
  product.rows = a.rank() > 1 ? a[a.rank() - 2] : 1;
  product.depth = a[a.rank() - 1];
  product.columns = b.rank() > 1 ? b[b.rank() - 1] : 1;
  product.a_step = product.depth;
  product.c_step = product.columns;
  shape.b_row_step = product.columns;

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
  const kernels::Activation activation = node.activation();
  node.run([=](const Run& run) {
    const auto at = [&](Buffer buffer) { return buffer == kNoBuffer ? nullptr : run.at(buffer); };
    kernels::batched_gemm(shape, run.at(buffers.a), {at(plain), at(panels)}, at(buffers.bias),
                          run.at(buffers.c), {at(buffers.residual), activation});
  });
}

}  // namespace

Status run_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                   int b_input) {
  const bool constant = node.constant(b_input) != nullptr;
  if (!constant || kernels::wants_plain_b(shape, true)) {
    return run_dynamic_product(node, shape, buffers, node.input(b_input).buffer);
  }
  const Extent depth = shape.product.depth, columns = shape.product.columns;
  const int64_t one = kernels::panels_count(depth, columns);
  const Extent plain = depth * columns;
  const Extent matrices = plain == 0 ? 0 : node.input_shape(b_input).count() / plain;
  const std::string key = join("panels/", depth, ",", columns, ",", shape.b_row_step, ",",
                               std::bit_cast<int32_t>(shape.scale));
  const Result<Buffer> panels = pack_weights(
      node, b_input, key, one * matrices, Packing::kOnlyForm, [=](const float* from, float* to) {
        for (Extent i = 0; i < matrices; ++i, from += plain, to += one) {
          kernels::pack_panels(
              kernels::matrix_source(from, depth, shape.b_row_step, shape.b_column_step), columns,
              to);
          for (int64_t j = 0; shape.scale != 1 && j < one; ++j) to[j] *= shape.scale;
        }
      });
  if (!panels.ok()) return panels.status();
  add_product(node, shape, buffers, kNoBuffer, panels.value());
  return {};
}

Status run_dynamic_product(Lowering& node, const kernels::BatchedGemm& shape,
                           const ProductBuffers& buffers, Buffer b) {
  Buffer panels = kNoBuffer;
  if (!kernels::wants_plain_b(shape, false)) {
    const Result<Buffer> scratch =
        float_scratch(node, kernels::panels_count(shape.product.depth, shape.product.columns));
    if (!scratch.ok()) return scratch.status();
    panels = scratch.value();
  }
  add_product(node, shape, buffers, b, panels);
  return {};
}

}  // namespace heed

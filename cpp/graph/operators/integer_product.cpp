// MatMulInteger.
#include "graph/operators/product.h"
#include "kernels/integer_gemm.h"

namespace heed {

namespace {

// A zero point is one for all, or one for each row of A or column of B.
void check_operand(Inference& node, int input, int axis_from_end) {
  const DType type = node.dtype(input);
  if (type != DType::kU8 && type != DType::kI8) node.unsupported_type(input);
  const int zero = input + 2;
  node.expect_dtype(zero, type);
  const Shape& shape = node.shape(input);
  const Extent count = shape.rank() > 1 ? shape[shape.rank() - axis_from_end] : 1;
  if (node.has(zero) && node.shape(zero).count() != 1) node.expect_shape(zero, Shape{count});
}

struct ZeroPoint {
  ZeroPoint(Lowering& node, int input)
      : buffer(node.input_buffer(input)),
        step(node.has(input) && node.shape(input).count() > 1 ? 1 : 0) {}

  Buffer buffer;
  Extent step;
};

// Of 16-bit integers.
Buffer wide_scratch(Lowering& node, int64_t count) { return node.scratch(count, 2); }

}  // namespace

void infer_matmul_integer(Inference& node) {
  check_operand(node, 0, 2);
  check_operand(node, 1, 1);
  Shape out;
  if (matmul_shape(node, out)) node.set(0, DType::kI32, out);
}

void lower_matmul_integer(Lowering& node) {
  const View a = node.input(0), b = node.input(1);
  const ZeroPoint a_zero(node, 2), b_zero(node, 3);
  const kernels::BatchedGemm shape = matmul_stack(node);
  const kernels::Gemm& product = shape.product;
  const Buffer to_a = wide_scratch(node, kernels::widened_a_count(product.rows, product.depth));
  const Buffer to_b = wide_scratch(node, kernels::widened_b_count(product.depth, product.columns));
  node.run([=, a_type = a.dtype, b_type = b.dtype, a = a.buffer, b = b.buffer,
            c = node.output_buffer(0)](const Run& run) {
    const kernels::Gemm& one = shape.product;
    int32_t* out = run.at<int32_t>(c);
    kernels::for_each_matrix(shape, [&](Extent i, Extent a_offset, Extent b_offset) {
      kernels::widen_a(run.at<std::byte>(a) + a_offset, run.at<std::byte>(a_zero.buffer),
                       a_zero.step, a_type, one.rows, one.depth, run.at<int16_t>(to_a));
      kernels::widen_b(run.at<std::byte>(b) + b_offset, run.at<std::byte>(b_zero.buffer),
                       b_zero.step, b_type, one.depth, one.columns, run.at<int16_t>(to_b));
      kernels::integer_gemm(one.rows, one.columns, one.depth, run.at<int16_t>(to_a),
                            run.at<int16_t>(to_b), out + i * one.rows * one.columns);
    });
  });
}

}  // namespace heed

// MatMulInteger and ConvInteger.
#include <algorithm>

#include "graph/operators/arguments.h"
#include "graph/operators/packing.h"
#include "graph/operators/product.h"
#include "kernels/integer_gemm.h"

namespace heed {

namespace {

bool is_byte(DType type) { return type == DType::kU8 || type == DType::kI8; }

// A zero point is one for all, or one for each row of A or column of B.
Status check_zero_point(const Inference& node, int input, DType type, Extent count) {
  if (!node.has(input)) return {};
  const Shape& shape = node.shape(input);
  const bool fits = shape.count() == 1 || (shape.rank() == 1 && shape[0] == count);
  if (!fits || node.dtype(input) != type) {
    return error(Code::kWrongShape, "a zero point of ", dtype_name(node.dtype(input)),
                 " and the shape ", shape, " does not fit");
  }
  return {};
}

struct ZeroPoint {
  Buffer buffer = kNoBuffer;
  Extent step = 0;
};

ZeroPoint zero_point(Lowering& node, int input) {
  if (!node.has(input)) return {};
  const View view = node.input(input);
  return {view.buffer, view.shape.count() > 1 ? 1 : 0};
}

const void* at(const Run& run, const ZeroPoint& zero) {
  return zero.buffer == kNoBuffer ? nullptr : run.at<std::byte>(zero.buffer);
}

Result<Buffer> int16_scratch(Lowering& node, int64_t count) {
  return float_scratch(node, count / 2 + 1);
}

}  // namespace

Status infer_matmul_integer(Inference& node) {
  if (!is_byte(node.dtype(0)) || !is_byte(node.dtype(1))) {
    return error(Code::kUnsupportedType, "MatMulInteger of ", dtype_name(node.dtype(0)), " and ",
                 dtype_name(node.dtype(1)), " is not supported");
  }
  const Result<Shape> out = matmul_shape(node.shape(0), node.shape(1));
  if (!out.ok()) return out.status();
  const Shape& a = node.shape(0);
  const Shape& b = node.shape(1);
  HEED_TRY(check_zero_point(node, 2, node.dtype(0), a.rank() > 1 ? a[a.rank() - 2] : 1));
  HEED_TRY(check_zero_point(node, 3, node.dtype(1), b.rank() > 1 ? b[b.rank() - 1] : 1));
  node.set(0, DType::kI32, out.value());
  return {};
}

Status lower_matmul_integer(Lowering& node) {
  const View a = node.input(0), b = node.input(1), c = node.output(0);
  const ZeroPoint a_zero = zero_point(node, 2), b_zero = zero_point(node, 3);
  const kernels::BatchedGemm shape = matmul_stack(a.shape, b.shape);
  const kernels::Gemm product = shape.product;
  const Result<Buffer> wide_a =
      int16_scratch(node, kernels::widened_a_count(product.rows, product.depth));
  if (!wide_a.ok()) return wide_a.status();
  const Result<Buffer> wide_b =
      int16_scratch(node, kernels::widened_b_count(product.depth, product.columns));
  if (!wide_b.ok()) return wide_b.status();
  const Buffer to_a = wide_a.value(), to_b = wide_b.value();
  node.run([=](const Run& run) {
    int32_t* out = run.at<int32_t>(c.buffer);
    kernels::for_each_matrix(shape, [&](Extent i, Extent a_offset, Extent b_offset) {
      kernels::widen_a(run.at<std::byte>(a.buffer) + a_offset, at(run, a_zero), a_zero.step,
                       a.dtype, product.rows, product.depth, run.at<int16_t>(to_a));
      kernels::widen_b(run.at<std::byte>(b.buffer) + b_offset, at(run, b_zero), b_zero.step,
                       b.dtype, product.depth, product.columns, run.at<int16_t>(to_b));
      kernels::integer_gemm(product.rows, product.columns, product.depth, run.at<int16_t>(to_a),
                            run.at<int16_t>(to_b), out + i * product.rows * product.columns);
    });
  });
  return {};
}

}  // namespace heed

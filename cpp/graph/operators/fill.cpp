// ConstantOfShape, Range, EyeLike, Trilu, OneHot and NonZero.
#include <cmath>
#include <cstring>

#include "graph/operators/copy_task.h"
#include "graph/operators/onnx_dtype.h"
#include "kernels/convert.h"
#include "kernels/generate.h"

namespace heed {

void infer_constant_of_shape(Inference& node) {
  Dims dims;
  if (!node.required(0) || !node.require_list(0) || !node.read_dims(node.list(0, ""), dims)) return;
  const ConstantPtr value = node.node().attributes->tensor("value");
  if (value && value->shape.count() != 1) {
    node.fail(Code::kInvalidGraph, "its value has the shape %, expected one element", value->shape);
  }
  node.set(0, value ? value->dtype : DType::kF32, dims);
}

void lower_constant_of_shape(Lowering& node) {
  const View to = node.output(0);
  const size_t size = byte_size(to.dtype);
  const ConstantPtr value = node.node().attributes->tensor("value");
  const Buffer element = node.table(8, [&](std::byte* at) {
    std::memset(at, 0, 8);
    if (value) std::memcpy(at, value->data, size);
  });
  run_fill(node, element, to.buffer, to.shape.count(), size);
}

namespace {

// Numbers from start to limit (excluded) in steps of delta.
int64_t range_count(int64_t start, int64_t limit, int64_t delta) {
  if (delta > 0 ? start >= limit : start <= limit) return 0;
  // Unsigned, since the span of two int64 need not be one.
  const auto low = static_cast<uint64_t>(std::min(start, limit));
  const auto high = static_cast<uint64_t>(std::max(start, limit));
  const auto step = delta > 0 ? static_cast<uint64_t>(delta) : -static_cast<uint64_t>(delta);
  const uint64_t count = (high - low - 1) / step + 1;
  return static_cast<int64_t>(std::min<uint64_t>(count, INT64_MAX));
}

}  // namespace

void infer_range(Inference& node) {
  const DType dtype = node.dtype(0);
  const Constant* numbers[3];
  for (int i = 0; i < 3; ++i) {
    numbers[i] = node.required(i);
    node.expect_dtype(i, dtype);
    node.expect_one(i);
  }
  if (!node.ok()) return;
  int64_t count = 0;
  if (dtype == DType::kF32) {
    const float start = numbers[0]->values<float>()[0], limit = numbers[1]->values<float>()[0];
    const double exact = std::ceil(double{limit - start} / double{numbers[2]->values<float>()[0]});
    // NaN (a step of zero among them) is refused here as well.
    if (!(exact < 2147483648.0)) return node.fail(Code::kWrongValue, "the range has no end");
    count = exact > 0 ? static_cast<int64_t>(exact) : 0;
  } else if (dtype == DType::kI64 || dtype == DType::kI32) {
    const int64_t delta = Integers(numbers[2])[0];
    if (delta == 0) return node.fail(Code::kWrongValue, "the range has the step 0");
    count = range_count(Integers(numbers[0])[0], Integers(numbers[1])[0], delta);
  } else {
    node.unsupported_type(0);
  }
  Dims dims;
  dims.add(count);
  node.set(0, dtype, dims);
}

void lower_range(Lowering& node) {
  const View to = node.output(0);
  const Extent count = to.shape.count();
  node.run([=, start = node.input_buffer(0), delta = node.input_buffer(2), to = to.buffer,
            dtype = to.dtype](const Run& run) {
    kernels::fill_range(dtype, run.at<std::byte>(start), run.at<std::byte>(delta),
                        run.at<std::byte>(to), count);
  });
}

namespace {

void check_rank(Inference& node, bool fits) {
  if (!fits) node.fail(Code::kWrongShape, "expected matrices, the shape is %", node.shape(0));
}

}  // namespace

void infer_eye_like(Inference& node) {
  check_rank(node, node.shape(0).rank() == 2);
  DType dtype = node.dtype(0);
  if (node.has_attribute("dtype")) dtype = dtype_of_onnx(node, node.integer("dtype", 0));
  node.set(0, dtype, node.shape(0));
}

void lower_eye_like(Lowering& node) {
  const View to = node.output(0);
  const int64_t diagonal = node.integer("k", 0);
  const size_t size = byte_size(to.dtype);
  const Buffer one = node.table(8, [&](std::byte* at) {
    const int64_t value = 1;
    kernels::convert(DType::kI64, &value, to.dtype, at, 1);
  });
  node.run([=, to = to.buffer, rows = to.shape[0], columns = to.shape[1]](const Run& run) {
    kernels::fill_eye(rows, columns, diagonal, run.at<std::byte>(one), run.at<std::byte>(to), size);
  });
}

void infer_trilu(Inference& node) {
  check_rank(node, node.shape(0).rank() >= 2);
  node.expect_dtype(1, DType::kI64);
  node.expect_one(1);
  node.set_like_first();
}

void lower_trilu(Lowering& node) {
  const Shape& to = node.shape(0);
  const int rank = to.rank();
  const kernels::TriangleShape shape = {to.count(0, rank - 2), to[rank - 2], to[rank - 1]};
  const bool upper = node.flag("upper", true);
  const Buffer diagonal = node.input_buffer(1);
  const size_t size = byte_size(node.dtype(0));
  node.run([=, from = node.input_buffer(0), to = node.output_buffer(0)](const Run& run) {
    const int64_t* k = run.at<int64_t>(diagonal);
    kernels::copy_triangle(shape, upper, k ? *k : 0, run.at<std::byte>(from), run.at<std::byte>(to),
                           size);
  });
}

void infer_one_hot(Inference& node) {
  const Shape& indices = node.shape(0);
  node.expect_one(1);
  const Constant* given = node.required(1);
  if (!node.ok()) return;
  int64_t depth;
  kernels::convert(given->dtype, given->data, DType::kI64, &depth, 1);
  if (depth < 1) node.fail(Code::kWrongValue, "the depth is %", depth);
  node.expect_shape(2, Shape{2});
  const int axis = node.axis(-1, indices.rank() + 1);
  Dims dims;
  dims.add(indices, 0, axis);
  dims.add(depth);
  dims.add(indices, axis, indices.rank());
  node.set(0, node.dtype(2), dims);
}

void lower_one_hot(Lowering& node) {
  const View indices = node.input(0), to = node.output(0);
  const Buffer values = node.input_buffer(2);
  const int rank = to.shape.rank();
  const int axis = node.axis(-1, rank);
  const Extent outer = to.shape.count(0, axis), inner = to.shape.count(axis + 1, rank);
  const Extent depth = to.shape[axis], count = indices.shape.count();
  const size_t size = byte_size(to.dtype);
  const Buffer wide = node.scratch(count, sizeof(int64_t));
  node.run([=, from = indices.buffer, dtype = indices.dtype, to = to.buffer](const Run& run) {
    kernels::convert(dtype, run.at<std::byte>(from), DType::kI64, run.at<std::byte>(wide), count);
    kernels::one_hot(outer, depth, inner, run.at<int64_t>(wide), run.at<std::byte>(values),
                     run.at<std::byte>(to), size);
  });
}

void infer_non_zero(Inference& node) {
  const Constant* value = node.required(0);
  if (!value) return;
  Dims dims;
  dims.add(value->shape.rank());
  dims.add(kernels::count_non_zero(value->dtype, value->data, value->shape.count()));
  node.set(0, DType::kI64, dims);
}

void lower_non_zero(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  const Extent found = to.shape[1];
  node.run([=, shape = from.shape, dtype = from.dtype, from = from.buffer,
            to = to.buffer](const Run& run) {
    kernels::find_non_zero(dtype, run.at<std::byte>(from), shape, found, run.at<int64_t>(to));
  });
}

}  // namespace heed

// ConstantOfShape, Range, EyeLike, Trilu, OneHot and NonZero.
#include <cmath>
#include <cstring>

#include "graph/operators/arguments.h"
#include "kernels/convert.h"
#include "kernels/copy.h"
#include "kernels/generate.h"

namespace heed {

Status infer_constant_of_shape(Inference& node) {
  const Result<std::vector<int64_t>> dims = node.required_integers(0);
  if (!dims.ok()) return dims.status();
  const ConstantPtr value = node.attributes().tensor("value");
  if (value && value->shape.count() != 1) {
    return error(Code::kInvalidGraph, "ConstantOfShape's value has the shape ", value->shape,
                 ", expected one element");
  }
  return set_shape(node, value ? value->dtype : DType::kF32, dims.value());
}

Status lower_constant_of_shape(Lowering& node) {
  const View to = node.output(0);
  const size_t size = byte_size(to.dtype);
  const Extent count = to.shape.count();
  const ConstantPtr value = node.attributes().tensor("value");
  const Buffer element = node.table(8, [&](std::byte* at) {
    std::memset(at, 0, 8);
    if (value) std::memcpy(at, value->data, size);
  });
  node.run([=, to = to.buffer](const Run& run) {
    kernels::fill_row(run.at<std::byte>(element), run.at<std::byte>(to), count, size);
  });
  return {};
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

Status infer_range(Inference& node) {
  const DType dtype = node.dtype(0);
  const Constant* numbers[3];
  for (int i = 0; i < 3; ++i) {
    const Result<const Constant*> number = node.required(i);
    if (!number.ok()) return number.status();
    numbers[i] = number.value();
    if (numbers[i]->dtype != dtype || numbers[i]->shape.count() != 1) {
      return error(Code::kWrongType, "Range needs three numbers of one type");
    }
  }
  int64_t count;
  if (dtype == DType::kF32) {
    const float start = numbers[0]->values<float>()[0], limit = numbers[1]->values<float>()[0];
    const double exact = std::ceil(double{limit - start} / double{numbers[2]->values<float>()[0]});
    // NaN (a step of zero among them) is refused here as well.
    if (!(exact < 2147483648.0)) return error(Code::kWrongValue, "Range has no end");
    count = exact > 0 ? static_cast<int64_t>(exact) : 0;
  } else if (dtype == DType::kI64 || dtype == DType::kI32) {
    const int64_t delta = integers_of(numbers[2])[0];
    if (delta == 0) return error(Code::kWrongValue, "Range has the step 0");
    count = range_count(integers_of(numbers[0])[0], integers_of(numbers[1])[0], delta);
  } else {
    return error(Code::kUnsupportedType, "Range of ", dtype_name(dtype), " is not supported");
  }
  return set_shape(node, dtype, std::span(&count, 1));
}

Status lower_range(Lowering& node) {
  const View start = node.input(0), delta = node.input(2), to = node.output(0);
  const Extent count = to.shape.count();
  node.run([=, start = start.buffer, delta = delta.buffer, to = to.buffer,
            dtype = to.dtype](const Run& run) {
    kernels::fill_range(dtype, run.at<std::byte>(start), run.at<std::byte>(delta),
                        run.at<std::byte>(to), count);
  });
  return {};
}

Status infer_eye_like(Inference& node) {
  if (node.shape(0).rank() != 2) {
    return error(Code::kWrongShape, "EyeLike of the shape ", node.shape(0), ", expected rank 2");
  }
  DType dtype = node.dtype(0);
  if (node.attributes().has("dtype")) {
    const Result<DType> given = dtype_of_onnx(node.attributes().integer("dtype", 0));
    if (!given.ok()) return given.status();
    dtype = given.value();
  }
  node.set(0, dtype, node.shape(0));
  return {};
}

Status lower_eye_like(Lowering& node) {
  const View to = node.output(0);
  const int64_t diagonal = node.attributes().integer("k", 0);
  const size_t size = byte_size(to.dtype);
  const Buffer one = node.table(8, [&](std::byte* at) {
    const int64_t value = 1;
    kernels::convert(DType::kI64, &value, to.dtype, at, 1);
  });
  node.run([=, to = to.buffer, rows = to.shape[0], columns = to.shape[1]](const Run& run) {
    kernels::fill_eye(rows, columns, diagonal, run.at<std::byte>(one), run.at<std::byte>(to), size);
  });
  return {};
}

Status infer_trilu(Inference& node) {
  if (node.shape(0).rank() < 2) {
    return error(Code::kWrongShape, "Trilu of the shape ", node.shape(0),
                 ", expected rank 2 or more");
  }
  if (node.has(1) && (node.dtype(1) != DType::kI64 || node.shape(1).count() != 1)) {
    return error(Code::kWrongType, "Trilu's k must be one int64");
  }
  return infer_like_first(node);
}

Status lower_trilu(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  const int rank = to.shape.rank();
  const kernels::TriangleShape shape = {to.shape.count(0, rank - 2), to.shape[rank - 2],
                                        to.shape[rank - 1]};
  const bool upper = node.attributes().integer("upper", 1) != 0;
  const Buffer diagonal = node.has(1) ? node.input(1).buffer : kNoBuffer;
  const size_t size = byte_size(to.dtype);
  node.run([=, from = from.buffer, to = to.buffer](const Run& run) {
    kernels::copy_triangle(shape, upper, diagonal == kNoBuffer ? 0 : *run.at<int64_t>(diagonal),
                           run.at<std::byte>(from), run.at<std::byte>(to), size);
  });
  return {};
}

Status infer_one_hot(Inference& node) {
  const Shape& indices = node.shape(0);
  if (node.shape(1).count() != 1)
    return error(Code::kWrongShape, "OneHot's depth is not one number");
  const Result<const Constant*> given = node.required(1);
  if (!given.ok()) return given.status();
  int64_t depth;
  kernels::convert(given.value()->dtype, given.value()->data, DType::kI64, &depth, 1);
  if (depth < 1) return error(Code::kWrongValue, "OneHot has the depth ", depth);
  if (!(node.shape(2) == Shape{2})) {
    return error(Code::kWrongShape, "OneHot's values have the shape ", node.shape(2),
                 ", expected (2)");
  }
  const Result<int> axis =
      normalize_axis(node.attributes().integer("axis", -1), indices.rank() + 1);
  if (!axis.ok()) return axis.status();
  std::vector<int64_t> dims(indices.begin(), indices.end());
  dims.insert(dims.begin() + axis.value(), depth);
  return set_shape(node, node.dtype(2), dims);
}

Status lower_one_hot(Lowering& node) {
  const View indices = node.input(0), values = node.input(2), to = node.output(0);
  const int rank = to.shape.rank();
  const int axis = normalize_axis(node.attributes().integer("axis", -1), rank).value();
  const Extent outer = to.shape.count(0, axis), inner = to.shape.count(axis + 1, rank);
  const Extent depth = to.shape[axis], count = indices.shape.count();
  const size_t size = byte_size(to.dtype);
  const Buffer wide = node.scratch(static_cast<size_t>(count) * sizeof(int64_t));
  node.run([=](const Run& run) {
    kernels::convert(indices.dtype, run.at<std::byte>(indices.buffer), DType::kI64,
                     run.at<std::byte>(wide), count);
    kernels::one_hot(outer, depth, inner, run.at<int64_t>(wide), run.at<std::byte>(values.buffer),
                     run.at<std::byte>(to.buffer), size);
  });
  return {};
}

Status infer_non_zero(Inference& node) {
  const Result<const Constant*> value = node.required(0);
  if (!value.ok()) return value.status();
  const Shape& shape = value.value()->shape;
  const int64_t dims[] = {
      shape.rank(),
      kernels::count_non_zero(value.value()->dtype, value.value()->data, shape.count())};
  return set_shape(node, DType::kI64, dims);
}

Status lower_non_zero(Lowering& node) {
  const View from = node.input(0), to = node.output(0);
  const Extent found = to.shape[1];
  node.run([=](const Run& run) {
    kernels::find_non_zero(from.dtype, run.at<std::byte>(from.buffer), from.shape, found,
                           run.at<int64_t>(to.buffer));
  });
  return {};
}

}  // namespace heed

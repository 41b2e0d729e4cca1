// ArgMax, ArgMin, TopK and CumSum: along one axis.
#include "graph/operators/arguments.h"
#include "kernels/scan.h"

namespace heed {

namespace {

// Lines along `axis` of x; y has the steps `y_strides` along the axes of x.
kernels::Lines lines_along(const View& x, int axis, const Strides& y_strides) {
  return kernels::make_lines(x.shape, AxisSet{1} << axis, x.strides, y_strides);
}

// -1 is not among the results of an axis that is checked.
int axis_of(const Attributes& attributes, int64_t fallback, int rank) {
  const Result<int> axis = normalize_axis(attributes.integer("axis", fallback), rank);
  return axis.ok() ? axis.value() : -1;
}

Status check_axis(const Inference& node, int64_t fallback) {
  const int64_t given = node.attributes().integer("axis", fallback);
  return normalize_axis(given, node.shape(0).rank()).status();
}

}  // namespace

Status infer_arg_extreme(Inference& node) {
  if (node.dtype(0) == DType::kBool) {
    return error(Code::kUnsupportedType, node.node().op->name, " of bool");
  }
  HEED_TRY(check_axis(node, 0));
  const Shape& x = node.shape(0);
  const int axis = axis_of(node.attributes(), 0, x.rank());
  const bool keep_axes = node.attributes().integer("keepdims", 1) != 0;
  if (x[axis] == 0) return error(Code::kWrongShape, "axis ", axis, " of ", x, " has no elements");
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) y.push_back(x[i]);
    if (i == axis && keep_axes) y.push_back(1);
  }
  node.set(0, DType::kI64, y);
  return {};
}

Status lower_arg_extreme(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const int axis = axis_of(node.attributes(), 0, x.shape.rank());
  const bool keep_axes = node.attributes().integer("keepdims", 1) != 0;
  Strides steps;
  for (int i = 0, next = 0; i < x.shape.rank(); ++i) {
    if (i != axis) steps[i] = y.strides[next];
    if (i != axis || keep_axes) ++next;
  }
  kernels::ArgExtreme which;
  which.greatest = node.node().op->name == "ArgMax";
  which.last = node.attributes().integer("select_last_index", 0) != 0;
  const kernels::Lines lines = lines_along(x, axis, steps);
  node.run([=, dtype = x.dtype, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::arg_extreme(which, dtype, lines, run.at<int64_t>(y), run.at<std::byte>(x));
  });
  return {};
}

// TopK(x, k) -> values, indices; before operator set 10 k is an attribute.
Status infer_top_k(Inference& node) {
  HEED_TRY(check_first_output(node));
  if (node.dtype(0) == DType::kBool) return error(Code::kUnsupportedType, "TopK of bool");
  HEED_TRY(check_axis(node, -1));
  int64_t count = node.attributes().integer("k", -1);
  if (node.has(1)) {
    const Result<std::vector<int64_t>> given = node.required_integers(1);
    if (!given.ok()) return given.status();
    if (given.value().size() != 1) return error(Code::kWrongShape, "k must be one number");
    count = given.value()[0];
  }
  Shape shape = node.shape(0);
  const int axis = axis_of(node.attributes(), -1, shape.rank());
  if (count < 0 || count > shape[axis]) {
    return error(Code::kWrongValue, "the ", count, " greatest of ", shape[axis], " elements");
  }
  shape[axis] = static_cast<Extent>(count);
  node.set(0, node.dtype(0), shape);
  node.set(1, DType::kI64, shape);
  return {};
}

Status lower_top_k(Lowering& node) {
  const View x = node.input(0), values = node.output(0);
  const int axis = axis_of(node.attributes(), -1, x.shape.rank());
  kernels::TopK top;
  top.count = values.shape[axis];
  top.greatest = node.attributes().integer("largest", 1) != 0;
  const kernels::Lines lines = lines_along(x, axis, values.strides);
  const Buffer entries =
      node.scratch(static_cast<size_t>(lines.count) * sizeof(kernels::TopKEntry));
  const Buffer positions =
      node.wants(1) ? node.output(1).buffer
                    : node.scratch(static_cast<size_t>(values.shape.count()) * sizeof(int64_t));
  node.run([=, dtype = x.dtype, values = values.buffer, x = x.buffer](const Run& run) {
    kernels::top_k(top, dtype, lines, run.at<std::byte>(values), run.at<int64_t>(positions),
                   run.at<std::byte>(x), run.at<kernels::TopKEntry>(entries));
  });
  return {};
}

Status infer_cum_sum(Inference& node) {
  if (node.dtype(0) == DType::kBool) return error(Code::kUnsupportedType, "CumSum of bool");
  const Result<std::vector<int64_t>> axis = node.required_integers(1);
  if (!axis.ok()) return axis.status();
  if (axis.value().size() != 1) return error(Code::kWrongShape, "the axis must be one number");
  HEED_TRY(normalize_axis(axis.value()[0], node.shape(0).rank()).status());
  return infer_like_first(node);
}

Status lower_cum_sum(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const int64_t given = integers_of(node.constant(1))[0];
  const int axis = normalize_axis(given, x.shape.rank()).value();
  kernels::CumulativeSum kind;
  kind.exclusive = node.attributes().integer("exclusive", 0) != 0;
  kind.reversed = node.attributes().integer("reverse", 0) != 0;
  const kernels::Lines lines = lines_along(x, axis, y.strides);
  node.run([=, dtype = x.dtype, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::cumulative_sum(kind, dtype, lines, run.at<std::byte>(y), run.at<std::byte>(x));
  });
  return {};
}

}  // namespace heed

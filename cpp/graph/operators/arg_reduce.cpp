// ArgMax, ArgMin, TopK and CumSum: along one axis.
#include "graph/operator.h"
#include "kernels/scan.h"

namespace heed {

namespace {

// Lines along `axis` of x; y has the steps `y_strides` along the axes of x.
kernels::Lines lines_along(const View& x, int axis, const Strides& y_strides) {
  return kernels::make_lines(x.shape, AxisSet{1} << axis, x.strides, y_strides);
}

void refuse_bool(Inference& node) {
  if (node.dtype(0) == DType::kBool) node.unsupported_type(0);
}

}  // namespace

void infer_arg_extreme(Inference& node) {
  refuse_bool(node);
  const Shape& x = node.shape(0);
  const int axis = node.axis(0, x.rank());
  const bool keep_axes = node.flag("keepdims", true);
  if (x[axis] == 0) node.fail(Code::kWrongShape, "axis % of % has no elements", axis, x);
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) y.push_back(x[i]);
    if (i == axis && keep_axes) y.push_back(1);
  }
  node.set(0, DType::kI64, y);
}

void lower_arg_extreme(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const int axis = node.axis(0, x.shape.rank());
  const bool keep_axes = node.flag("keepdims", true);
  Strides steps;
  for (int i = 0, next = 0; i < x.shape.rank(); ++i) {
    if (i != axis) steps[i] = y.strides[next];
    if (i != axis || keep_axes) ++next;
  }
  kernels::ArgExtreme which;
  which.greatest = node.id() == OperatorId::kArgMax;
  which.last = node.flag("select_last_index");
  const kernels::Lines lines = lines_along(x, axis, steps);
  node.run([=, dtype = x.dtype, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::arg_extreme(which, dtype, lines, run.at<int64_t>(y), run.at<std::byte>(x));
  });
}

// TopK(x, k) -> values, indices; before operator set 10 k is an attribute.
void infer_top_k(Inference& node) {
  node.expect_first_output();
  refuse_bool(node);
  Shape shape = node.shape(0);
  const int axis = node.axis(-1, shape.rank());
  int64_t count = node.integer("k", -1);
  if (node.has(1)) {
    node.expect_one(1);
    if (!node.require_list(1)) return;
    count = node.list(1, "")[0];
  }
  if (count < 0 || count > shape[axis]) {
    node.fail(Code::kWrongValue, "the % greatest of % elements", count, shape[axis]);
  }
  shape[axis] = static_cast<Extent>(count);
  node.set(0, node.dtype(0), shape);
  node.set(1, DType::kI64, shape);
}

void lower_top_k(Lowering& node) {
  const View x = node.input(0), values = node.output(0);
  const int axis = node.axis(-1, x.shape.rank());
  kernels::TopK top;
  top.count = values.shape[axis];
  top.greatest = node.flag("largest", true);
  const kernels::Lines lines = lines_along(x, axis, values.strides);
  const Buffer entries = node.scratch(lines.count, sizeof(kernels::TopKEntry));
  const Buffer positions =
      node.wants(1) ? node.output_buffer(1) : node.scratch(values.shape.count(), sizeof(int64_t));
  node.run([=, dtype = x.dtype, values = values.buffer, x = x.buffer](const Run& run) {
    kernels::top_k(top, dtype, lines, run.at<std::byte>(values), run.at<int64_t>(positions),
                   run.at<std::byte>(x), run.at<kernels::TopKEntry>(entries));
  });
}

void infer_cum_sum(Inference& node) {
  refuse_bool(node);
  node.expect_one(1);
  if (!node.required(1) || !node.require_list(1)) return;
  node.checked_axis(node.list(1, "")[0], node.shape(0).rank());
  node.set_like_first();
}

void lower_cum_sum(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const int axis = node.checked_axis(node.list(1, "")[0], x.shape.rank());
  kernels::CumulativeSum kind;
  kind.exclusive = node.flag("exclusive");
  kind.reversed = node.flag("reverse");
  const kernels::Lines lines = lines_along(x, axis, y.strides);
  node.run([=, dtype = x.dtype, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::cumulative_sum(kind, dtype, lines, run.at<std::byte>(y), run.at<std::byte>(x));
  });
}

}  // namespace heed

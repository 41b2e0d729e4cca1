// Reductions: Reduce*, and global pooling, which is a reduction over the axes after the channels.
#include "kernels/reduce.h"

#include "graph/operators/arguments.h"

namespace heed {

namespace {

using kernels::ReduceKind;

struct ReduceOperator {
  std::string_view name;
  ReduceKind kind;
};

constexpr ReduceOperator kOperators[] = {
    {"ReduceSum", ReduceKind::kSum},
    {"ReduceMean", ReduceKind::kMean},
    {"ReduceMax", ReduceKind::kMax},
    {"ReduceMin", ReduceKind::kMin},
    {"ReduceProd", ReduceKind::kProd},
    {"ReduceL1", ReduceKind::kL1},
    {"ReduceL2", ReduceKind::kL2},
    {"ReduceSumSquare", ReduceKind::kSumSquare},
    {"ReduceLogSum", ReduceKind::kLogSum},
    {"ReduceLogSumExp", ReduceKind::kLogSumExp},
    {"GlobalAveragePool", ReduceKind::kMean},
    {"GlobalMaxPool", ReduceKind::kMax},
};

ReduceKind kind_of(const Node& node) {
  for (const ReduceOperator& op : kOperators) {
    if (op.name == node.op->name) return op.kind;
  }
  return ReduceKind::kSum;
}

AxisSet all_axes(int rank) { return (AxisSet{1} << rank) - 1; }

// No axes mean all of them, or none where the attribute says so.
Result<AxisSet> reduced_axes(std::span<const int64_t> axes, const Attributes& attributes,
                             int rank) {
  if (!axes.empty()) return axis_set(axes, rank, nullptr);
  return attributes.integer("noop_with_empty_axes", 0) != 0 ? AxisSet{0} : all_axes(rank);
}

void run_reduction(Lowering& node, ReduceKind kind, AxisSet axes, bool keep_axes) {
  const View x = node.input(0), y = node.output(0);
  Strides strides;
  int next = 0;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    const bool kept = !contains(axes, axis);
    if (kept) strides[axis] = y.strides[next];
    if (kept || keep_axes) ++next;
  }
  const kernels::Reduction reduction = kernels::make_reduction(x.shape, axes, x.strides, strides);
  node.run([=, dtype = x.dtype, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::reduce(kind, dtype, reduction, run.at<std::byte>(y), run.at<std::byte>(x));
  });
}

}  // namespace

Status infer_reduce(Inference& node) {
  const ReduceKind kind = kind_of(node.node());
  const DType dtype = node.dtype(0);
  const bool of_order = kind == ReduceKind::kMax || kind == ReduceKind::kMin;
  if ((kind == ReduceKind::kLogSumExp && dtype != DType::kF32) ||
      (dtype == DType::kBool && !of_order)) {
    return error(Code::kUnsupportedType, node.node().op->name, " of ", dtype_name(dtype));
  }
  const Result<std::vector<int64_t>> given = integers_argument(node, 1, "axes");
  if (!given.ok()) return given.status();
  const Shape& x = node.shape(0);
  const Result<AxisSet> axes = reduced_axes(given.value(), node.attributes(), x.rank());
  if (!axes.ok()) return axes.status();
  const bool keep_axes = node.attributes().integer("keepdims", 1) != 0;
  Shape y;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!contains(axes.value(), axis)) {
      y.push_back(x[axis]);
    } else if (keep_axes) {
      y.push_back(1);
    }
  }
  node.set(0, dtype, y);
  return {};
}

Status lower_reduce(Lowering& node) {
  const int rank = node.input(0).shape.rank();
  const AxisSet axes =
      reduced_axes(integers_argument(node, 1, "axes"), node.attributes(), rank).value();
  // Of no axes the result is the input, whatever the function.
  const ReduceKind kind = axes == 0 && rank > 0 ? ReduceKind::kSum : kind_of(node.node());
  run_reduction(node, kind, axes, node.attributes().integer("keepdims", 1) != 0);
  return {};
}

Status infer_global_pool(Inference& node) {
  Shape shape = node.shape(0);
  if (node.dtype(0) != DType::kF32) {
    return error(Code::kUnsupportedType, node.node().op->name, " of ", dtype_name(node.dtype(0)));
  }
  if (shape.rank() < 2) {
    return error(Code::kWrongShape, "expected a tensor (N, C, ...), the shape is ", shape);
  }
  for (int axis = 2; axis < shape.rank(); ++axis) shape[axis] = 1;
  node.set(0, DType::kF32, shape);
  return {};
}

Status lower_global_pool(Lowering& node) {
  run_reduction(node, kind_of(node.node()), all_axes(node.input(0).shape.rank()) & ~AxisSet{3},
                true);
  return {};
}

}  // namespace heed

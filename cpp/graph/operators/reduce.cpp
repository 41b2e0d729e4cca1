// Reductions: Reduce*, global pooling, which is a reduction over the axes after the channels, and
// ChannelPool, several reductions over the channels.
#include "kernels/reduce.h"

#include "graph/operator.h"
#include "kernels/elementwise_binary.h"

namespace heed {

namespace {

using kernels::ReduceKind;

ReduceKind kind_of(const NodeReader& node) {
  switch (node.id()) {
    case OperatorId::kReduceMean:
    case OperatorId::kGlobalAveragePool:
      return ReduceKind::kMean;
    case OperatorId::kReduceMax:
    case OperatorId::kGlobalMaxPool:
      return ReduceKind::kMax;
    case OperatorId::kReduceMin:
      return ReduceKind::kMin;
    case OperatorId::kReduceProd:
      return ReduceKind::kProd;
    case OperatorId::kReduceL1:
      return ReduceKind::kL1;
    case OperatorId::kReduceL2:
      return ReduceKind::kL2;
    case OperatorId::kReduceSumSquare:
      return ReduceKind::kSumSquare;
    case OperatorId::kReduceLogSum:
      return ReduceKind::kLogSum;
    case OperatorId::kReduceLogSumExp:
      return ReduceKind::kLogSumExp;
    default:
      return ReduceKind::kSum;
  }
}

AxisSet all_axes(int rank) { return (AxisSet{1} << rank) - 1; }

// No axes mean all of them, or none where the attribute says so.
AxisSet reduced_axes(NodeReader& node) {
  const int rank = node.shape(0).rank();
  const Integers given = node.list(1, "axes");
  AxisSet set;
  node.axes(given, rank, set);
  return given.empty() && !node.flag("noop_with_empty_axes") ? all_axes(rank) : set;
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

void infer_reduce(Inference& node) {
  const ReduceKind kind = kind_of(node);
  const DType dtype = node.dtype(0);
  const bool of_order = kind == ReduceKind::kMax || kind == ReduceKind::kMin;
  if ((kind == ReduceKind::kLogSumExp && dtype != DType::kF32) ||
      (dtype == DType::kBool && !of_order)) {
    node.unsupported_type(0);
  }
  if (!node.require_list(1)) return;
  const Shape& x = node.shape(0);
  const AxisSet axes = reduced_axes(node);
  const bool keep_axes = node.flag("keepdims", true);
  Shape y;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!contains(axes, axis)) {
      y.push_back(x[axis]);
    } else if (keep_axes) {
      y.push_back(1);
    }
  }
  node.set(0, dtype, y);
}

void lower_reduce(Lowering& node) {
  const AxisSet axes = reduced_axes(node);
  // Of no axes the result is the input, whatever the function.
  const bool as_it_is = axes == 0 && node.shape(0).rank() > 0;
  run_reduction(node, as_it_is ? ReduceKind::kSum : kind_of(node), axes,
                node.flag("keepdims", true));
}

void infer_global_pool(Inference& node) {
  Shape shape = node.shape(0);
  node.expect_floats(1);
  if (shape.rank() < 2) {
    node.fail(Code::kWrongShape, "expected a tensor (N, C, ...), the shape is %", shape);
  }
  for (int axis = 2; axis < shape.rank(); ++axis) shape[axis] = 1;
  node.set(0, DType::kF32, shape);
}

void lower_global_pool(Lowering& node) {
  run_reduction(node, kind_of(node), all_axes(node.shape(0).rank()) & ~AxisSet{3}, true);
}

void infer_channel_pool(Inference& node) {
  node.expect_floats(1);
  const Shape& x = node.shape(0);
  const int axis = node.axis(1, x.rank());
  if (axis < 1) node.fail(Code::kWrongShape, "pooled axis % of a tensor of the shape %", axis, x);
  Shape y = x;
  y[axis] = x[1];
  y[1] = node.choice("pools", "max,mean|mean,max|mix") == 2 ? 1 : 2;
  node.set(0, DType::kF32, y);
}

void lower_channel_pool(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const int axis = node.axis(1, x.shape.rank());
  const int pools = node.choice("pools", "max,mean|mean,max|mix");
  Strides kept = y.strides;
  kept[1] = y.strides[axis];  // the channels take the place of the pooled axis
  const kernels::Reduction reduction =
      kernels::make_reduction(x.shape, AxisSet{1} << axis, x.strides, kept);
  const bool mix = pools == 2;
  const Extent count = y.shape.count();
  const Buffer to = mix ? node.scratch(2 * int64_t{count}) : y.buffer;
  node.run([=, step = mix ? count : y.strides[1], y = y.buffer, x = x.buffer](const Run& run) {
    const ReduceKind kinds[] = {pools == 1 ? ReduceKind::kMean : ReduceKind::kMax,
                                pools == 1 ? ReduceKind::kMax : ReduceKind::kMean};
    float* pooled = run.at(to);
    kernels::reduce_floats(kinds, reduction, pooled, step, run.at(x));
    if (!mix) return;
    const Strides together[3] = {{{1}}, {{1}}, {{1}}};
    kernels::binary(kernels::BinaryKind::kAdd, DType::kF32, kernels::make_loop({count}, together),
                    run.at(y), pooled, pooled + count, {.scale = 0.5f});
  });
}

}  // namespace heed

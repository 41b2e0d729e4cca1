// Softmax, LogSoftmax and Hardmax. Before operator set 13 they run over all axes from `axis` on
// taken together, since then over that axis alone.
#include "kernels/softmax.h"

#include "graph/operators/arguments.h"

namespace heed {

Status infer_softmax(Inference& node) {
  if (node.dtype(0) != DType::kF32) {
    return error(Code::kUnsupportedType, node.node().op->name, " of ", dtype_name(node.dtype(0)));
  }
  const Shape& shape = node.shape(0);
  const int64_t axis = node.attributes().integer("axis", node.version() < 13 ? 1 : -1);
  // The old meaning also allows the end, where nothing is taken together.
  const bool at_end = node.version() < 13 && axis == shape.rank();
  const Result<int> checked = normalize_axis(axis, shape.rank());
  if (!checked.ok() && !at_end && shape.rank() > 0) return checked.status();
  return infer_like_first(node);
}

Status lower_softmax(Lowering& node) {
  using kernels::SoftmaxKind;
  const View x = node.input(0), y = node.output(0);
  const std::string_view name = node.node().op->name;
  const SoftmaxKind kind = name == "Softmax"      ? SoftmaxKind::kSoftmax
                           : name == "LogSoftmax" ? SoftmaxKind::kLogSoftmax
                                                  : SoftmaxKind::kHardmax;
  const int rank = x.shape.rank();
  const bool together = node.version() < 13;
  const int64_t given = node.attributes().integer("axis", together ? 1 : -1);
  const auto axis = static_cast<int>(given < 0 ? given + rank : given);
  AxisSet axes = 0;
  for (int i = axis; i < (together ? rank : axis + 1) && i < rank; ++i) {
    if (i >= 0) axes |= AxisSet{1} << i;
  }
  const kernels::Lines lines = kernels::make_lines(x.shape, axes, x.strides, y.strides);
  node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::softmax(kind, lines, run.at<float>(y), run.at<float>(x));
  });
  return {};
}

}  // namespace heed

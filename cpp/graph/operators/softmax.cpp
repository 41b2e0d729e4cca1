// Softmax, LogSoftmax and Hardmax. Before operator set 13 they run over all axes from `axis` on
// taken together, since then over that axis alone.
#include "kernels/softmax.h"

#include "graph/operator.h"

namespace heed {

void infer_softmax(Inference& node) {
  node.expect_floats(1);
  const int rank = node.shape(0).rank();
  const int64_t axis = node.integer("axis", node.version() < 13 ? 1 : -1);
  // The old meaning also allows the end, where nothing is taken together.
  const bool at_end = node.version() < 13 && axis == rank;
  if (!at_end && rank > 0) node.checked_axis(axis, rank);
  node.set_like_first();
}

void lower_softmax(Lowering& node) {
  using enum kernels::SoftmaxKind;
  const View x = node.input(0), y = node.output(0);
  const kernels::SoftmaxKind kind = node.id() == OperatorId::kSoftmax      ? kSoftmax
                                    : node.id() == OperatorId::kLogSoftmax ? kLogSoftmax
                                                                           : kHardmax;
  const int rank = x.shape.rank();
  const bool together = node.version() < 13;
  const int64_t given = node.integer("axis", together ? 1 : -1);
  const auto axis = static_cast<int>(given < 0 ? given + rank : given);
  AxisSet axes = 0;
  for (int i = axis; i < (together ? rank : axis + 1) && i < rank; ++i) {
    if (i >= 0) axes |= AxisSet{1} << i;
  }
  const kernels::Lines lines = kernels::make_lines(x.shape, axes, x.strides, y.strides);
  node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::softmax(kind, lines, run.at(y), run.at(x));
  });
}

}  // namespace heed

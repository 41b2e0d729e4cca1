// BranchSum, the fused step of branch attention: softmax over the branches, weighted sum of them.
#include <algorithm>

#include "graph/operator.h"
#include "graph/operators/copy_task.h"
#include "kernels/elementwise_unary.h"
#include "kernels/softmax.h"
#include "kernels/weighted_sum.h"

namespace heed {

namespace {

// The branches are the inputs after the logits, or the parts of one of them along its channels.
struct Branches {
  Extent count = 0, batch = 0, channels = 0;
  Extent groups = 1;  // of the logits: (groups, count, channels / groups)
  bool apart = false;
};

Branches read_branches(NodeReader& node) {
  const Shape& u = node.shape(1);
  const int inputs = node.input_count() - 1;
  const int64_t count = node.integer("branches", inputs);
  const int64_t groups = node.integer("groups", 1);
  Branches branches;
  branches.apart = inputs > 1;
  const int64_t parts = branches.apart ? 1 : count;
  if (u.rank() < 2 || count < 1 || (branches.apart && count != inputs) || u[1] % parts != 0 ||
      groups < 1 || u[1] / parts % groups != 0) {
    node.fail(Code::kWrongShape, "% inputs of the shape % are no % branches in % groups", inputs, u,
              count, groups);
    return branches;
  }
  branches.count = static_cast<Extent>(count);
  branches.groups = static_cast<Extent>(groups);
  branches.batch = u[0];
  branches.channels = u[1] / static_cast<Extent>(parts);
  return branches;
}

// The weights from the logits.
void run_softmax(Lowering& node, const Branches& branches, const View& map) {
  const View logits = node.input(0);
  const Extent part = branches.channels / branches.groups;
  const Shape shape = {branches.batch, branches.groups, branches.count, part};
  const Strides& m = map.strides;
  const Strides to = {{m[0], part * m[2], m[1], m[2]}};
  const Strides& l = logits.strides;
  Strides from = {{l[0], branches.count * part * l[1], part * l[1], l[1]}};
  if (logits.shape[1] == branches.count) from = {{l[0], part * l[2], l[1], l[2]}};
  if (branches.count > 1) {
    const kernels::Lines lines = kernels::make_lines(shape, 1u << 2, from, to);
    node.run([=, map = map.buffer, logits = logits.buffer](const Run& run) {
      kernels::softmax(kernels::SoftmaxKind::kSoftmax, lines, run.at(map), run.at(logits));
    });
    return;
  }
  const Strides both[] = {to, from};
  const kernels::Loop loop = kernels::make_loop(shape, both);
  node.run([=, map = map.buffer, logits = logits.buffer](const Run& run) {
    kernels::unary({kernels::UnaryKind::kSigmoid}, {}, loop, run.at(map), run.at(logits));
  });
}

}  // namespace

void infer_branch_sum(Inference& node) {
  const int inputs = node.input_count();
  node.expect_floats(inputs);
  const Shape& u = node.shape(1);
  for (int input = 2; input < inputs; ++input) node.expect_shape(input, u);
  const Branches branches = read_branches(node);
  const Shape& l = node.shape(0);
  const int rank = l.rank();
  const int64_t all = int64_t{branches.count} * branches.channels;
  const bool flat = rank >= 2 && l[1] == all && l.count(2, rank) == 1;
  const bool apart = rank >= 3 && branches.groups == 1 && l[1] == branches.count &&
                     l[2] == branches.channels && l.count(3, rank) == 1;
  if ((!flat && !apart) || l[0] != branches.batch) {
    node.fail(Code::kWrongShape, "the logits % of % branches are not (%, %)", l, branches.count,
              branches.batch, all);
  }
  Dims map, y(u);
  y.extents[1] = branches.channels;
  map.add(branches.batch);
  map.add(branches.count);
  map.add(branches.channels);
  for (int axis = 2; axis < u.rank(); ++axis) map.add(1);
  node.set(0, DType::kF32, y);
  node.set(1, DType::kF32, map);
}

void lower_branch_sum(Lowering& node) {
  const Branches branches = read_branches(node);
  View map = node.output(1);
  if (map.buffer == kNoBuffer) {
    const Shape shape = {branches.batch, branches.count, branches.channels};
    map.strides = strides_of(shape);
    map.buffer = node.scratch(shape.count());
  }
  run_softmax(node, branches, map);

  const View y = node.output(0);
  if (y.buffer == kNoBuffer) return;
  for (Extent first = 0; first < branches.count; first += kernels::kMaxTerms) {
    kernels::WeightedSum sum;
    sum.terms = std::min<Extent>(kernels::kMaxTerms, branches.count - first);
    sum.weight_step = map.strides[1];
    sum.adds = first > 0;
    Strides strides[kernels::kMaxOperands] = {y.strides, {{map.strides[0], map.strides[2]}}};
    Place terms[kernels::kMaxTerms];
    for (int m = 0; m < sum.terms; ++m) {
      const View u = node.input(branches.apart ? 1 + first + m : 1);
      strides[2 + m] = u.strides;
      terms[m].buffer = u.buffer;
      if (!branches.apart) terms[m].offset = (first + m) * branches.channels * u.strides[1];
    }
    const size_t operands = static_cast<size_t>(2 + sum.terms);
    sum.loop = kernels::make_periodic_loop(y.shape, {strides, operands});
    node.run([=, skipped = first * map.strides[1], map = map.buffer, y = y.buffer](const Run& run) {
      const float* from[kernels::kMaxTerms];
      for (int m = 0; m < sum.terms; ++m) from[m] = run.at(terms[m].buffer) + terms[m].offset;
      kernels::weighted_sum(sum, run.at(y), run.at(map) + skipped, from);
    });
  }
}

}  // namespace heed

// The first half of building a plan: types, shapes and known values.
#include <algorithm>

#include "graph/operator.h"
#include "graph/plan.h"

namespace heed {

namespace {

// What depends on shapes only is small; larger known tensors are computed in every run, as a fold
// would keep them in memory.
constexpr Extent kLargestFolded = 1 << 16;

Status with_node(const Node& node, const Status& status) {
  return error(status.code, node.op->name, " node '", node.name, "': ", status.message);
}

}  // namespace

Status PlanBuilder::infer_nodes() {
  while (inferred_ < nodes_.size()) {
    if (nodes_[inferred_].op->name == "If") {
      const TensorId condition = nodes_[inferred_].input(0);
      if (info(condition).value) {
        HEED_TRY(inline_branch(inferred_));
      } else {
        awaited_ = condition;
        return {};
      }
      continue;
    }
    bool awaits = false;
    HEED_TRY(infer_node(nodes_[inferred_], awaits));
    if (awaits) return {};
    ++inferred_;
  }
  return {};
}

// Of the layers that read a tensor; each is looked at once, in front of the tensor's first reader.
Status PlanBuilder::check_expectations(TensorId tensor) {
  if (graph_.expectations.empty() || info(tensor).checked) return {};
  info(tensor).checked = true;
  for (const Expectation& expectation : graph_.expectations) {
    const Shape& shape = info(tensor).shape;
    if (expectation.tensor != tensor || fits(shape, expectation.dims, expectation.more_axes))
      continue;
    return error(Code::kWrongShape, expectation.who, " has the shape ", shape, ", expected ",
                 declared_shape(expectation.dims, expectation.more_axes));
  }
  return {};
}

Status PlanBuilder::infer_node(Node& node, bool& awaits) {
  for (TensorId input : node.inputs) {
    // A list of any length has no optional members.
    if (input == kNoTensor && node.op->max_inputs == 255) {
      return with_node(node, error(Code::kInvalidGraph, "one of its inputs is missing"));
    }
    if (input == kNoTensor) continue;
    if (!info(input).known) {
      return with_node(node,
                       error(Code::kInvalidGraph, "tensor '", name_of(input), "' has no value"));
    }
    HEED_TRY(check_expectations(input));
  }
  Inference inference(node, infos_);
  node.op->infer(inference);
  if (inference.awaited_input() >= 0) {
    const TensorId awaited = node.inputs[static_cast<size_t>(inference.awaited_input())];
    // What a node of the same stage computes from known values has been folded, so this one depends
    // on data.
    awaited_ = awaited;
    awaits = true;
    return {};
  }
  if (!inference.ok()) return with_node(node, inference.status());

  bool all_set = true;
  for (size_t output = 0; output < node.outputs.size(); ++output) {
    if (node.outputs[output] == kNoTensor) continue;
    TensorInfo& target = info(node.outputs[output]);
    target = inference.results()[output];
    if (!target.known) {
      return with_node(node, error(Code::kInvalidGraph, "output ", static_cast<int64_t>(output),
                                   " is not one that the operator has"));
    }
    all_set = all_set && target.value && target.value->shape.count() <= kLargestFolded;
  }
  if (all_set) {
    folded_[inferred_] = true;
    return {};
  }
  const bool foldable =
      options_.fold &&
      std::all_of(node.inputs.begin(), node.inputs.end(),
                  [&](TensorId id) {
                    return id == kNoTensor || (info(id).value && info(id).value->data);
                  }) &&
      std::all_of(node.outputs.begin(), node.outputs.end(), [&](TensorId id) {
        return id == kNoTensor || info(id).shape.count() <= kLargestFolded;
      });
  return foldable ? fold_node(node) : Status{};
}

Status PlanBuilder::fold_node(const Node& node) {
  std::vector<ConstantPtr> inputs;
  for (TensorId input : node.inputs) {
    inputs.push_back(input == kNoTensor ? nullptr : info(input).value);
  }
  if (node.residual != kNoTensor) return {};
  Result<std::vector<ConstantPtr>> values = evaluate(node, inputs, kLargestFolded);
  if (!values.ok()) return with_node(node, values.status());
  for (size_t output = 0; output < node.outputs.size(); ++output) {
    const TensorId id = node.outputs[output];
    if (id == kNoTensor) continue;
    ConstantPtr& value = values.value()[output];
    info(id) = {value->dtype, value->shape, value, true};
  }
  folded_[inferred_] = true;
  return {};
}

// Replaces an If whose condition is known by the nodes of the branch it takes.
Status PlanBuilder::inline_branch(size_t index) {
  const Node node = nodes_[index];
  const Constant& condition = *info(node.input(0)).value;
  if (condition.dtype != DType::kBool || condition.shape.count() != 1) {
    return with_node(node, error(Code::kWrongType, "the condition must be one bool"));
  }
  const bool taken = condition.values<uint8_t>()[0] != 0;
  const std::shared_ptr<const Graph> then_branch = node.attributes->graph("then_branch");
  const std::shared_ptr<const Graph> else_branch = node.attributes->graph("else_branch");
  if (!then_branch || !else_branch) {
    return with_node(node, error(Code::kInvalidGraph, "a branch is missing"));
  }
  const Graph& branch = taken ? *then_branch : *else_branch;
  const size_t first_captured = taken ? 1 : 1 + then_branch->inputs.size();
  if (branch.outputs.size() < node.outputs.size() ||
      node.inputs.size() < first_captured + branch.inputs.size()) {
    return with_node(node, error(Code::kInvalidGraph, "a branch gives too few outputs"));
  }

  // The branch's tensors get ids of the plan's own; captured ones keep the outer id, outputs get
  // the node's.
  std::vector<TensorId> ids(branch.tensors.size(), kNoTensor);
  std::vector<Node> copies;
  for (size_t i = 0; i < branch.inputs.size(); ++i) {
    ids[static_cast<size_t>(branch.inputs[i])] = node.inputs[first_captured + i];
  }
  for (size_t output = 0; output < node.outputs.size(); ++output) {
    const TensorId inner = branch.outputs[output];
    const TensorId outer = node.outputs[output];
    if (outer == kNoTensor) continue;
    TensorId& id = ids[static_cast<size_t>(inner)];
    if (id == kNoTensor && !branch.constant(inner)) {
      id = outer;
      continue;
    }
    // The branch gives a captured tensor, a constant, or the same tensor twice: a copy makes it an
    // output of its own.
    Node copy;
    copy.op = find_operator("", "Identity");
    copy.name = node.name;
    copy.inputs = {inner};
    copy.outputs = {outer};
    copy.attributes = std::make_shared<Attributes>();
    copies.push_back(std::move(copy));
  }
  for (size_t id = 0; id < branch.tensors.size(); ++id) {
    if (ids[id] != kNoTensor) continue;
    ids[id] = static_cast<TensorId>(infos_.size());
    TensorInfo added;
    if (const ConstantPtr& constant = branch.tensors[id].constant) {
      added = {constant->dtype, constant->shape, constant, true};
    }
    infos_.push_back(std::move(added));
    places_.emplace_back();
  }
  const auto renamed = [&](TensorId id) {
    return id == kNoTensor ? kNoTensor : ids[static_cast<size_t>(id)];
  };
  std::vector<Node> inlined = branch.nodes;
  for (Node& inner : inlined) {
    for (TensorId& id : inner.inputs) id = renamed(id);
    for (TensorId& id : inner.outputs) id = renamed(id);
  }
  for (Node& copy : copies) {
    copy.inputs[0] = renamed(copy.inputs[0]);
    inlined.push_back(std::move(copy));
  }
  const auto at = nodes_.begin() + static_cast<std::ptrdiff_t>(index);
  nodes_.insert(nodes_.erase(at), inlined.begin(), inlined.end());
  const auto folded_at = folded_.begin() + static_cast<std::ptrdiff_t>(index);
  folded_.insert(folded_.erase(folded_at), inlined.size(), false);
  return {};
}

}  // namespace heed

// Fusion, once shapes are known: activations, scalar affine maps and residual sums move into the
// node that produces their input.
#include "graph/operator.h"
#include "graph/passes/activation_of.h"
#include "graph/plan.h"

namespace heed {

namespace {

// activation(next(x)) after `first`, as one; false when it takes two.
bool compose(kernels::Activation& first, const kernels::Activation& next) {
  if (next.kind == kernels::ActivationKind::kNone) {
    first.scale *= next.scale;
    first.shift = first.shift * next.scale + next.shift;
    return true;
  }
  if (!first.identity()) return false;
  first = next;
  return true;
}

// Who reads a tensor, and who makes it.
struct Links {
  std::vector<int32_t> readers;
  std::vector<int32_t> producer;
  int32_t& producer_of(TensorId id) { return producer[static_cast<size_t>(id)]; }
  bool read_once(TensorId id) const { return readers[static_cast<size_t>(id)] == 1; }
};

}  // namespace

void PlanBuilder::fuse(size_t begin, size_t end) {
  Links links;
  links.readers.resize(infos_.size(), 0);
  links.producer.resize(infos_.size(), -1);
  const auto count = [&](TensorId id) {
    if (id != kNoTensor) ++links.readers[static_cast<size_t>(id)];
  };
  for (size_t i = begin; i < nodes_.size(); ++i) {
    for (TensorId id : nodes_[i].inputs) count(id);
    count(nodes_[i].residual);
  }
  for (TensorId id : request_.outputs) count(id);

  // The node that may take in what follows it: same stage, float32, read by nobody else.
  const auto host = [&](TensorId id, const Shape& shape) -> Node* {
    const int32_t at = links.producer_of(id);
    if (at < 0 || !links.read_once(id) || folded_[static_cast<size_t>(at)]) return nullptr;
    Node& node = nodes_[static_cast<size_t>(at)];
    const bool first_output = node.outputs[0] == id;
    const bool fits = info(id).dtype == DType::kF32 && info(id).shape == shape;
    return first_output && fits && node.op->fusion != Fusion::kNone ? &node : nullptr;
  };
  const auto absorb = [&](size_t at, Node& into, int32_t into_index) {
    into.outputs[0] = nodes_[at].outputs[0];
    links.producer_of(into.outputs[0]) = into_index;
    folded_[at] = true;
  };
  const auto value = [&](TensorId id) { return info(id).value.get(); };

  for (size_t i = begin; i < end; ++i) {
    if (folded_[i]) continue;
    const Node& node = nodes_[i];
    for (TensorId id : node.outputs) {
      if (id != kNoTensor) links.producer_of(id) = static_cast<int32_t>(i);
    }
    if (node.outputs.size() != 1 || node.residual != kNoTensor) continue;
    const Shape& shape = info(node.outputs[0]).shape;

    if (const std::optional<ActivationOf> step = activation_of(node, value)) {
      Node* into = host(step->input, shape);
      if (into && compose(into->activation, step->activation)) {
        absorb(i, *into, links.producer_of(step->input));
      }
      continue;
    }
    if (node.op->name != "Add" || node.op->domain != "" || node.inputs.size() != 2) continue;
    // The later of the two producers takes the sum in, so that the other operand exists by then.
    const int32_t producers[2] = {links.producer_of(node.inputs[0]),
                                  links.producer_of(node.inputs[1])};
    if (producers[0] == producers[1]) continue;
    const size_t side = producers[0] > producers[1] ? 0 : 1;
    const TensorId other = node.inputs[1 - side];
    Node* into = host(node.inputs[side], shape);
    if (!into || into->op->fusion != Fusion::kActivationAndResidual ||
        into->residual != kNoTensor || !into->activation.identity() || info(other).shape != shape) {
      continue;
    }
    into->residual = other;
    into->activation = node.activation;
    absorb(i, *into, producers[side]);
  }
}

}  // namespace heed

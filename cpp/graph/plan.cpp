#include "graph/plan.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "graph/operator.h"

namespace heed {

namespace {

constexpr int32_t kForever = std::numeric_limits<int32_t>::max();

}  // namespace

PlanBuilder::PlanBuilder(const Graph& graph, WeightCache& weights, const Request& request,
                         const Options& options)
    : graph_(graph), weights_(weights), request_(request), options_(options) {
  if (request_.outputs.empty() && request_.blocks.empty()) request_.outputs = graph.outputs;
  for (int block : request_.blocks) {
    request_.outputs.push_back(graph.blocks[static_cast<size_t>(block)].map);
  }
  infos_.resize(graph.tensors.size());
  places_.resize(graph.tensors.size());
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    const ConstantPtr& constant = graph.tensors[id].constant;
    if (constant) infos_[id] = {constant->dtype, constant->shape, constant, true};
  }
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    info(graph.inputs[i]) = {graph.tensor(graph.inputs[i]).dtype, request_.inputs[i], nullptr,
                             true};
  }
  drop_dead_nodes();
  folded_.resize(nodes_.size(), false);
}

// Keeps what the outputs need, and of optional outputs (maps, indices) only those that somebody
// reads.
void PlanBuilder::drop_dead_nodes() {
  std::vector<uint8_t> needed(graph_.tensors.size(), false);
  for (TensorId output : request_.outputs) needed[static_cast<size_t>(output)] = true;
  const auto is_needed = [&](TensorId id) {
    return id != kNoTensor && needed[static_cast<size_t>(id)];
  };
  for (size_t i = graph_.nodes.size(); i-- > 0;) {
    const Node& node = graph_.nodes[i];
    if (std::none_of(node.outputs.begin(), node.outputs.end(), is_needed)) continue;
    Node& kept = nodes_.emplace_back(node);
    for (size_t output = 1; output < kept.outputs.size(); ++output) {
      if (!is_needed(kept.outputs[output])) kept.outputs[output] = kNoTensor;
    }
    for (TensorId input : kept.inputs) {
      if (input != kNoTensor) needed[static_cast<size_t>(input)] = true;
    }
    if (kept.residual != kNoTensor) needed[static_cast<size_t>(kept.residual)] = true;
  }
  std::reverse(nodes_.begin(), nodes_.end());
}

// Graph inputs get their buffers; they are written before the first task.
void PlanBuilder::start() {
  for (TensorId input : graph_.inputs) {
    const TensorInfo& known = info(input);
    place(input).buffers[0] = add_arena_slot(known.bytes());
  }
  if (!options_.force_channels_last) return;
  for (TensorId input : graph_.inputs) {
    if (info(input).shape.rank() < 3) continue;
    buffer_for(input, Layout::kChannelsLast);
    place(input).home = Layout::kChannelsLast;
  }
}

Status PlanBuilder::build_stage() {
  if (stage_ends_.empty()) start();
  awaited_ = kNoTensor;
  const size_t begin = next_node_;
  HEED_TRY(infer_nodes());
  fuse(begin, inferred_);
  for (; next_node_ < inferred_; ++next_node_) {
    now_ = static_cast<int32_t>(next_node_);
    if (!folded_[next_node_]) HEED_TRY(lower_node(next_node_));
  }
  now_ = static_cast<int32_t>(next_node_);
  if (complete()) {
    for (TensorId output : request_.outputs) {
      slots_[static_cast<size_t>(buffer_for(output, Layout::kRowMajor))].life.last = kForever;
    }
  } else {
    keep_for_later_stages();
    awaits_.push_back({awaited_, nullptr});
  }
  HEED_TRY(failure_);
  place_slots();
  stage_ends_.push_back(tasks_.size());
  return {};
}

// Whatever a later stage may read stays where it is until the run ends; later stages place their
// buffers above.
void PlanBuilder::keep_for_later_stages() {
  slots_[static_cast<size_t>(buffer_for(awaited_, Layout::kRowMajor))].life.last = kForever;
  const auto keep = [&](TensorId id) {
    if (id == kNoTensor) return;
    for (Buffer buffer : place(id).buffers) {
      if (buffer != kNoBuffer) slots_[static_cast<size_t>(buffer)].life.last = kForever;
    }
  };
  for (size_t i = next_node_; i < nodes_.size(); ++i) {
    for (TensorId input : nodes_[i].inputs) keep(input);
    keep(nodes_[i].residual);
  }
  for (TensorId output : request_.outputs) keep(output);
}

void PlanBuilder::place_slots() {
  std::vector<Lifetime*> fresh;
  for (Slot& slot : slots_) {
    if (slot.placed || slot.pointer) continue;
    slot.placed = true;
    fresh.push_back(&slot.life);
  }
  arena_bytes_ = place_in_arena(fresh, arena_bytes_);
}

OutputValue PlanBuilder::awaited(int stage) const {
  const TensorId tensor = awaits_[static_cast<size_t>(stage)].tensor;
  const TensorInfo& known = info(tensor);
  const Buffer buffer = places_[static_cast<size_t>(tensor)].buffers[0];
  return {tensor, known.dtype, known.shape, addresses_[static_cast<size_t>(buffer)]};
}

void PlanBuilder::provide(ConstantPtr value) {
  awaits_.back().value = value;
  info(awaits_.back().tensor).value = std::move(value);
}

void PlanBuilder::replace_constant(TensorId tensor, ConstantPtr constant) {
  ConstantPtr& value = info(tensor).value;
  if (reads(tensor)) {
    slots_[static_cast<size_t>(place(tensor).buffers[0])].pointer = constant->data;
    *std::find(constants_.begin(), constants_.end(), value) = constant;
  }
  value = std::move(constant);
}

void PlanBuilder::bind(std::byte* arena) {
  addresses_.resize(slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) {
    // Tasks only read what lies outside the arena.
    addresses_[i] = slots_[i].pointer ? const_cast<std::byte*>(slots_[i].pointer)
                                      : arena + slots_[i].life.offset;
  }
}

std::byte* PlanBuilder::input_data(int index) const {
  const TensorId input = graph_.inputs[static_cast<size_t>(index)];
  const Buffer buffer = places_[static_cast<size_t>(input)].buffers[0];
  return addresses_[static_cast<size_t>(buffer)];
}

size_t PlanBuilder::input_bytes(int index) const {
  return info(graph_.inputs[static_cast<size_t>(index)]).bytes();
}

std::vector<OutputValue> PlanBuilder::outputs() const {
  std::vector<OutputValue> values;
  for (TensorId output : request_.outputs) {
    const TensorInfo& known = info(output);
    const auto buffer = static_cast<size_t>(places_[static_cast<size_t>(output)].buffers[0]);
    values.push_back({output, known.dtype, known.shape,
                      buffer < addresses_.size() ? addresses_[buffer] : nullptr});
  }
  return values;
}

std::string PlanBuilder::name_of(TensorId tensor) const {
  const auto index = static_cast<size_t>(tensor);
  return index < graph_.tensors.size() ? graph_.tensors[index].name : "(in a branch)";
}

}  // namespace heed

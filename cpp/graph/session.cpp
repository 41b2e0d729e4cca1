#include "graph/session.h"

#include <algorithm>
#include <cstring>
#include <ctime>

#include "graph/editor.h"
#include "graph/operator.h"
#include "graph/plan.h"

namespace heed {

namespace {

constexpr size_t kMostPlans = 8;

// A clock that only goes forward. (std::chrono's links the texts of system errors, and printf.)
double milliseconds_now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

bool same_request(const Request& a, const Request& b) {
  return a.inputs == b.inputs && a.outputs == b.outputs && a.blocks == b.blocks;
}

template <class Value>  // an OutputValue or a Constant
ConstantPtr copy_of(const Value& value) {
  NewConstant made = make_constant(value.dtype, value.shape);
  if (value.bytes() > 0) std::memcpy(made.data, value.data, value.bytes());
  return made.constant;
}

bool same_value(const Constant& constant, const OutputValue& value) {
  return constant.dtype == value.dtype && constant.shape == value.shape &&
         (value.bytes() == 0 || std::memcmp(constant.data, value.data, value.bytes()) == 0);
}

}  // namespace

struct Session::State {
  Graph graph;
  std::vector<uint8_t> readable;  // by tensor: what a run can give
  SessionOptions options;
  WeightCache weights;
  AlignedMemory arena;

  struct KeptPlan {
    Request request;  // as it was asked for
    std::unique_ptr<PlanBuilder> plan;
  };
  std::vector<KeptPlan> plans;  // most recently used first
  size_t next_task = 0;
  int stage = 0;         // that is running
  bool running = false;  // between the first task of a run and its last
  std::vector<OutputValue> outputs;
  int32_t cache_length = 0;  // rows that attention keeps
  Extent cache_batch = 0;    // of how many sequences

  PlanBuilder* plan() { return plans.empty() ? nullptr : plans.front().plan.get(); }
  Status check(const Request& request) const;
  Status check_input(size_t index, const Shape& shape,
                     std::vector<std::pair<std::string_view, Extent>>& named) const;
  Result<std::unique_ptr<PlanBuilder>> build(const Request& request) const;
  void release_packed_weights();
  Status bind(PlanBuilder& plan);
  Status enter_next_stage();
  Status check_cache(const CacheUse& use) const;
  void extend_cache();
};

// Fixed extents must match; axes of the same name must have the same extent, in all inputs.
Status Session::State::check_input(size_t index, const Shape& shape,
                                   std::vector<std::pair<std::string_view, Extent>>& named) const {
  const Tensor& tensor = graph.tensor(graph.inputs[index]);
  if (!tensor.ranked) return {};
  if (!fits(shape, tensor.dims)) {
    return error(Code::kWrongShape, "input '", tensor.name, "' has shape ", shape,
                 ", the model expects ", declared_shape(tensor.dims));
  }
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Dimension& dim = tensor.dims[static_cast<size_t>(axis)];
    if (dim.extent >= 0 || dim.name.empty()) continue;
    const auto known = std::find_if(named.begin(), named.end(),
                                    [&](const auto& entry) { return entry.first == dim.name; });
    if (known == named.end()) {
      named.emplace_back(dim.name, shape[axis]);
    } else if (known->second != shape[axis]) {
      return error(Code::kWrongShape, "input '", tensor.name, "' has shape ", shape, ", but axis '",
                   dim.name, "' is ", known->second, " in another place");
    }
  }
  return {};
}

Status Session::State::check(const Request& request) const {
  if (request.inputs.size() != graph.inputs.size()) {
    return error(Code::kMissingInput, "the model has ", graph.inputs.size(), " inputs, ",
                 request.inputs.size(), " were given");
  }
  std::vector<std::pair<std::string_view, Extent>> named;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    HEED_TRY(check_input(i, request.inputs[i], named));
  }
  for (TensorId output : request.outputs) {
    if (output < 0 || static_cast<size_t>(output) >= graph.tensors.size()) {
      return error(Code::kUnknownName, "no tensor has the number ", output);
    }
    if (!readable[static_cast<size_t>(output)]) {
      return error(
          Code::kUnknownName, "tensor '", graph.tensor(output).name,
          graph.constant(output) ? "' is a weight" : "' was fused into a node that follows",
          "; say when loading that it is to be kept");
    }
  }
  for (int block : request.blocks) {
    if (block < 0 || static_cast<size_t>(block) >= graph.blocks.size()) {
      return error(Code::kUnknownName, "no attention block has the number ", block);
    }
  }
  return {};
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::create(Graph graph, const SessionOptions& options) {
  std::vector<uint8_t> defined(graph.tensors.size(), false);
  for (size_t id = 0; id < graph.tensors.size(); ++id)
    defined[id] = graph.tensors[id].constant != nullptr;
  for (TensorId input : graph.inputs) defined[static_cast<size_t>(input)] = true;
  for (const Node& node : graph.nodes) {
    for (TensorId input : node.inputs) {
      if (input != kNoTensor && !defined[static_cast<size_t>(input)]) {
        return error(Code::kInvalidGraph, node.op->name, " node '", node.name, "' reads tensor '",
                     graph.tensor(input).name, "' before anything gives it a value");
      }
    }
    for (TensorId output : node.outputs) {
      if (output != kNoTensor) defined[static_cast<size_t>(output)] = true;
    }
  }
  for (TensorId output : graph.outputs) {
    if (!defined[static_cast<size_t>(output)]) {
      return error(Code::kInvalidGraph, "nothing gives output '", graph.tensor(output).name,
                   "' a value");
    }
  }
  // Weights may go once they are packed, those that somebody asked for excepted.
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    if (graph.tensors[id].constant) defined[id] = false;
  }
  for (TensorId id : graph.outputs) defined[static_cast<size_t>(id)] = true;
  for (TensorId id : graph.keep) defined[static_cast<size_t>(id)] = true;
  auto state = std::make_unique<State>();
  state->graph = std::move(graph);
  state->readable = std::move(defined);
  state->options = options;
  return std::unique_ptr<Session>(new Session(std::move(state)));
}

const Graph& Session::graph() const { return state_->graph; }

Result<std::unique_ptr<PlanBuilder>> Session::State::build(const Request& request) const {
  PlanBuilder::Options plan_options;
  plan_options.force_channels_last = options.force_channels_last;
  plan_options.cache_length = &cache_length;
  // Packings are added to the cache while a plan is lowered; the rest of the state stays as it is.
  auto& cache = const_cast<WeightCache&>(weights);
  auto plan = std::make_unique<PlanBuilder>(graph, cache, request, plan_options);
  HEED_TRY(plan->build_stage());
  return plan;
}

// Plain weights go where their one reader has them packed. What remains of a file moves out of its
// memory when that is less than went, so that the memory is free for the arena.
void Session::State::release_packed_weights() {
  Editor editor(graph);
  // The branches of an If may read a weight in several ways.
  const auto replaced = [&](size_t id) {
    const auto tensor = static_cast<TensorId>(id);
    if (!weights.replaces(tensor)) return false;
    const Node* reader = editor.only_reader(tensor);
    return reader && reader->op->name != "If" &&
           std::none_of(plans.begin(), plans.end(),
                        [&](const KeptPlan& kept) { return kept.plan->reads(tensor); });
  };
  const auto replace = [&](size_t id, const Constant& constant) {
    ConstantPtr& value = graph.tensors[id].constant;
    value = std::make_shared<const Constant>(constant);
    for (KeptPlan& kept : plans) kept.plan->replace_constant(static_cast<TensorId>(id), value);
  };
  std::vector<size_t> remaining;
  std::vector<ConstantPtr> former;  // until all have been asked whether others share their memory
  size_t gone = 0, left = 0;
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    const ConstantPtr constant = graph.tensors[id].constant;
    if (!constant || !constant->data) continue;
    const bool in_file = constant->owner.use_count() > 1;
    if (!replaced(id)) {
      if (in_file) remaining.push_back(id);
      left += in_file ? constant->bytes() : 0;
      continue;
    }
    gone += in_file ? constant->bytes() : 0;
    Constant packed_only;
    packed_only.dtype = constant->dtype;
    packed_only.shape = constant->shape;
    replace(id, packed_only);
    former.push_back(constant);
  }
  former.clear();
  if (left >= gone) return;
  for (size_t id : remaining) replace(id, *copy_of(*graph.tensors[id].constant));
}

// Gives the plan an arena that is large enough, keeping the bytes that earlier stages left.
Status Session::State::bind(PlanBuilder& plan) {
  if (plan.arena_bytes() > options.memory_limit) {
    return error(Code::kOutOfMemory, "the activations need ", plan.arena_bytes(),
                 " bytes, the limit is ", options.memory_limit);
  }
  if (plan.arena_bytes() > arena.bytes()) {
    // Nothing of an earlier plan is needed: its outputs were valid until this call. In the middle
    // of a run they are.
    if (!running) arena = AlignedMemory();
    AlignedMemory larger(plan.arena_bytes());
    if (!larger.data()) {
      return error(Code::kOutOfMemory, "no memory for ", plan.arena_bytes(),
                   " bytes of activations; a smaller input needs less");
    }
    if (running && arena.bytes() > 0) std::memcpy(larger.data(), arena.data(), arena.bytes());
    arena = std::move(larger);
  }
  plan.bind(arena.data());
  return {};
}

Status Session::State::check_cache(const CacheUse& use) const {
  if (use.rows == 0) return {};
  if (cache_length > use.capacity - use.rows) {
    return error(Code::kWrongShape, "the cache keeps ", cache_length, " of at most ", use.capacity,
                 " rows, which leaves no room for ", use.rows, " more: truncate or reset it");
  }
  if (cache_length > 0 && cache_batch != use.batch) {
    return error(Code::kWrongShape, "the cache keeps rows of ", cache_batch,
                 " sequences, the batch has ", use.batch, ": reset it first");
  }
  return {};
}

// The run that has finished is kept, and maps end with what is kept now.
void Session::State::extend_cache() {
  const CacheUse& use = plan()->cache_use();
  if (use.rows == 0) return;
  cache_length += use.rows;
  cache_batch = use.batch;
  for (OutputValue& output : outputs) {
    const std::vector<TensorId>& ends = plan()->ends_with_cache();
    if (std::find(ends.begin(), ends.end(), output.tensor) != ends.end()) {
      output.shape[output.shape.rank() - 1] = cache_length;
    }
  }
}

Status Session::prepare(const Request& request) {
  State& state = *state_;
  HEED_TRY(state.check(request));
  const auto known = std::find_if(
      state.plans.begin(), state.plans.end(),
      [&](const State::KeptPlan& kept) { return same_request(kept.request, request); });
  if (known == state.plans.end()) {
    Result<std::unique_ptr<PlanBuilder>> plan = state.build(request);
    if (!plan.ok()) return plan.status();
    state.plans.insert(state.plans.begin(), {request, std::move(plan.value())});
    if (state.plans.size() > kMostPlans) state.plans.pop_back();
    if (state.plan()->complete()) state.release_packed_weights();
  } else {
    std::rotate(state.plans.begin(), known, known + 1);
  }
  state.next_task = 0;
  state.stage = 0;
  state.running = false;
  state.outputs.clear();
  HEED_TRY(state.check_cache(state.plan()->cache_use()));
  const Status bound = state.bind(*state.plan());
  if (!bound.ok()) state.plans.erase(state.plans.begin());
  return bound;
}

std::span<std::byte> Session::input_data(int index) {
  PlanBuilder* plan = state_->plan();
  return {plan->input_data(index), plan->input_bytes(index)};
}

// All tasks of the stage have run. When more follow, makes sure that the next stage was built for
// the value that this run gives.
Status Session::State::enter_next_stage() {
  const OutputValue value = plan()->awaited(stage);
  const bool built = plan()->stage_count() > stage + 1;
  if (built && !same_value(*plan()->provided(stage), value)) {
    // Stages are built deterministically: with the same values before this one they place their
    // buffers as they lie now.
    Result<std::unique_ptr<PlanBuilder>> rebuilt = build(plans.front().request);
    if (!rebuilt.ok()) return rebuilt.status();
    for (int earlier = 0; earlier < stage; ++earlier) {
      rebuilt.value()->provide(plan()->provided(earlier));
      HEED_TRY(rebuilt.value()->build_stage());
    }
    rebuilt.value()->provide(copy_of(value));
    HEED_TRY(rebuilt.value()->build_stage());
    plans.front().plan = std::move(rebuilt.value());
  } else if (!built) {
    plan()->provide(copy_of(value));
    HEED_TRY(plan()->build_stage());
  }
  ++stage;
  return bind(*plan());
}

Result<bool> Session::execute(double milliseconds) {
  State& state = *state_;
  if (!state.plan()) return error(Code::kInternal, "execute was called before prepare");
  const double deadline = milliseconds > 0 ? milliseconds_now() + milliseconds : 0;
  state.running = true;
  for (;;) {
    PlanBuilder& plan = *state.plan();
    const size_t end = plan.stage_end(state.stage);
    while (state.next_task < end) {
      plan.run_task(state.next_task++);
      if (milliseconds > 0 && state.next_task < end && milliseconds_now() >= deadline) return false;
    }
    if (plan.complete() && state.stage + 1 == plan.stage_count()) break;
    const Status entered = state.enter_next_stage();
    if (!entered.ok()) {
      state.plans.erase(state.plans.begin());
      return entered;
    }
  }
  state.outputs = state.plan()->outputs();
  state.extend_cache();
  state.next_task = 0;
  state.stage = 0;
  state.running = false;
  return true;
}

std::span<const OutputValue> Session::outputs() const { return state_->outputs; }

MemoryReport Session::memory() const {
  MemoryReport report;
  report.weight_bytes = state_->weights.bytes();
  for (size_t id = 0; id < state_->graph.tensors.size(); ++id) {
    const ConstantPtr& constant = state_->graph.tensors[id].constant;
    if (constant && constant->data) report.weight_bytes += constant->bytes();
  }
  if (state_->plan()) report.arena_bytes = state_->plan()->arena_bytes();
  report.plans = static_cast<int>(state_->plans.size());
  return report;
}

Extent Session::cache_length() const { return state_->cache_length; }

Status Session::truncate_cache(Extent length) {
  if (length < 0 || length > state_->cache_length) {
    return error(Code::kWrongValue, "the cache keeps ", state_->cache_length,
                 " rows and cannot be cut to ", length);
  }
  state_->cache_length = length;
  return {};
}

Result<std::vector<ConstantPtr>> evaluate(const Node& node, std::span<const ConstantPtr> inputs,
                                          int64_t most_elements) {
  Graph graph;
  Node copy = node;
  for (size_t i = 0; i < inputs.size(); ++i) {
    copy.inputs[i] = inputs[i] ? graph.add_constant("", inputs[i]) : kNoTensor;
  }
  for (TensorId& output : copy.outputs) {
    if (output == kNoTensor) continue;
    output = graph.add_tensor("");
    graph.outputs.push_back(output);
  }
  const std::vector<TensorId> outputs = copy.outputs;
  graph.nodes.push_back(std::move(copy));
  WeightCache weights;
  PlanBuilder::Options options;
  options.fold = false;
  PlanBuilder plan(graph, weights, Request{}, options);
  HEED_TRY(plan.build_stage());
  std::vector<ConstantPtr> values(outputs.size());
  for (const OutputValue& output : plan.outputs()) {
    if (output.shape.count() > most_elements) return values;
  }
  AlignedMemory arena(plan.arena_bytes());
  if (!arena.data()) return error(Code::kOutOfMemory, "no memory to fold a constant");
  plan.bind(arena.data());
  for (size_t task = 0; task < plan.stage_end(0); ++task) plan.run_task(task);
  for (const OutputValue& value : plan.outputs()) {
    const auto at = std::find(outputs.begin(), outputs.end(), value.tensor) - outputs.begin();
    values[static_cast<size_t>(at)] = copy_of(value);
  }
  return values;
}

}  // namespace heed

// A plan: everything about a run that is known once the input shapes are. Shapes are inferred,
// layouts chosen, nodes lowered to tasks and buffers placed in one arena; running is then calling
// the tasks in order.
//
// A plan has one stage, unless a shape depends on data: then it stops in front of the node that
// needs the value, and the next stage is built when the value has been computed.
#pragma once

#include <optional>

#include "graph/inference.h"
#include "graph/lowering.h"
#include "graph/memory_plan.h"
#include "graph/session.h"
#include "graph/weight_cache.h"

namespace heed {

// What a run appends to the session's cache.
struct CacheUse {
  Extent rows = 0, batch = 0, capacity = 0;
};

class PlanBuilder {
 public:
  struct Options {
    const int32_t* cache_length = nullptr;  // where the session counts the rows that it keeps
    bool force_channels_last = false;
    bool fold = true;  // evaluate nodes whose inputs are all known (off in the plan that does that
                       // evaluation)
  };

  // `graph` and `weights` outlive the plan.
  PlanBuilder(const Graph& graph, WeightCache& weights, const Request& request,
              const Options& options);

  // Builds the next stage. Errors name the node.
  Status build_stage();

  bool complete() const { return awaited_ == kNoTensor; }
  int stage_count() const { return static_cast<int>(stage_ends_.size()); }
  // One past the last task of a stage.
  size_t stage_end(int stage) const { return stage_ends_[static_cast<size_t>(stage)]; }

  // The value that stage `stage` + 1 depends on, as the tasks up to stage `stage` have left it in
  // memory.
  OutputValue awaited(int stage) const;
  // Tells the value that the last stage built waits for; then build_stage goes on.
  void provide(ConstantPtr value);
  // The value that was provided after `stage`.
  const ConstantPtr& provided(int stage) const { return awaits_[static_cast<size_t>(stage)].value; }

  // Whether a task reads that constant where it lies.
  bool reads(TensorId tensor) const {
    return places_[static_cast<size_t>(tensor)].buffers[0] != kNoBuffer;
  }
  // The constant has moved, or only its packed form is left.
  void replace_constant(TensorId tensor, ConstantPtr constant);

  size_t arena_bytes() const { return arena_bytes_; }
  // Resolves all addresses; to be called whenever the arena moves or a stage was built.
  void bind(std::byte* arena);

  void run_task(size_t index) const { tasks_[index](Run(addresses_.data())); }
  std::byte* input_data(int index) const;
  size_t input_bytes(int index) const;
  std::vector<OutputValue> outputs() const;  // when complete; data is null before bind
  const Request& request() const { return request_; }
  const CacheUse& cache_use() const { return cache_use_; }
  // Outputs whose last axis ends with the cache.
  const std::vector<TensorId>& ends_with_cache() const { return ends_with_cache_; }

 private:
  friend class Lowering;

  struct Slot {
    Lifetime life;
    const std::byte* pointer = nullptr;  // memory outside the arena: constants, weights, tables
    bool placed = false;
  };
  // Where a tensor lies: in its home layout and, where a reader needed it, in the other one too.
  struct Placement {
    Layout home = Layout::kRowMajor;
    Buffer buffers[2] = {kNoBuffer, kNoBuffer};
    bool lies_in(Layout layout) const { return buffers[static_cast<size_t>(layout)] != kNoBuffer; }
  };
  struct Await {
    TensorId tensor;
    ConstantPtr value;
  };

  void start();
  void drop_dead_nodes();
  Status infer_nodes();
  Status check_expectations(TensorId tensor);
  Status infer_node(Node& node, bool& awaits);
  Status fold_node(const Node& node);
  Status inline_branch(size_t index);
  void fuse(size_t begin, size_t end);
  Status lower_node(size_t index);
  void place_slots();
  void keep_for_later_stages();

  Buffer add_arena_slot(size_t bytes);
  Buffer add_pointer_slot(const std::byte* pointer);
  Buffer use(Buffer buffer);
  Buffer buffer_for(TensorId tensor, Layout layout);
  View view(TensorId tensor, Layout layout);
  Layout output_layout(const Node& node, TensorId output) const;
  Layout layout_beside(TensorId tensor, const Node& reader, Layout otherwise) const;
  const Node* reader_of(TensorId tensor) const;
  bool alias_transpose(const Node& node);
  TensorInfo& info(TensorId tensor) { return infos_[static_cast<size_t>(tensor)]; }
  const TensorInfo& info(TensorId tensor) const { return infos_[static_cast<size_t>(tensor)]; }
  Placement& place(TensorId tensor) { return places_[static_cast<size_t>(tensor)]; }
  std::string name_of(TensorId tensor) const;

  const Graph& graph_;
  WeightCache& weights_;
  Request request_;
  Options options_;

  std::vector<Node> nodes_;        // those that the outputs need, in order
  std::vector<TensorInfo> infos_;  // by tensor
  std::vector<Placement> places_;  // by tensor
  std::vector<uint8_t> folded_;    // by node: nothing to run
  std::vector<Slot> slots_;        // by Buffer
  std::vector<Task> tasks_;
  std::vector<AlignedMemory> tables_;
  std::vector<ConstantPtr> constants_;  // that slots point to
  std::vector<std::byte*> addresses_;
  std::vector<size_t> stage_ends_;
  std::vector<Await> awaits_;
  TensorId awaited_ = kNoTensor;
  size_t next_node_ = 0;  // the first that is not lowered yet
  size_t inferred_ = 0;   // the first that is not inferred yet
  int32_t now_ = 0;       // the node that is being lowered
  size_t arena_bytes_ = 0;
  CacheUse cache_use_;
  std::vector<TensorId> ends_with_cache_;
  Status failure_;  // of memory asked for while lowering
};

// Runs one node on known inputs. Used to fold constants, at load and at plan time. The values are
// null, and nothing was run, when an output would have more than `most_elements`.
Result<std::vector<ConstantPtr>> evaluate(const Node& node, std::span<const ConstantPtr> inputs,
                                          int64_t most_elements);

}  // namespace heed

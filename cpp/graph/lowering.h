// What the lowering of one node sees: views of its tensors, memory to ask for, and where to put the
// kernel call.
#pragma once

#include <memory>

#include "base/function_ref.h"
#include "graph/graph.h"
#include "graph/weight_cache.h"

namespace heed {

class PlanBuilder;

// A place in memory whose address is known when the plan runs (arena, weights, scratch). Index into
// the plan's address table.
using Buffer = int32_t;
inline constexpr Buffer kNoBuffer = -1;

// What a task sees while it runs.
class Run {
 public:
  explicit Run(std::byte* const* addresses) : addresses_(addresses) {}
  template <class T = float>
  T* at(Buffer buffer) const {
    return reinterpret_cast<T*>(addresses_[buffer]);
  }

 private:
  std::byte* const* addresses_;
};

// A step of a plan: a callable `void(const Run&)`, moved around, never copied. It allocates
// nothing.
class Task {
 public:
  template <class F>
  explicit Task(F body)
      : body_(new F(std::move(body)), [](void* f) { delete static_cast<F*>(f); }),
        call_([](const void* f, const Run& run) { (*static_cast<const F*>(f))(run); }) {}
  void operator()(const Run& run) const { call_(body_.get(), run); }

 private:
  std::unique_ptr<void, void (*)(void*)> body_;
  void (*call_)(const void*, const Run&);
};

// A tensor as a kernel sees it. `strides` are in elements along the logical axes.
struct View {
  DType dtype = DType::kF32;
  Shape shape;
  Strides strides;
  Layout layout = Layout::kRowMajor;
  Buffer buffer = kNoBuffer;
};

class Lowering {
 public:
  Lowering(PlanBuilder& plan, const Node& node) : plan_(plan), node_(node) {}

  const Node& node() const { return node_; }
  const Attributes& attributes() const { return *node_.attributes; }
  int version() const { return node_.version; }
  const kernels::Activation& activation() const { return node_.activation; }

  int input_count() const { return static_cast<int>(node_.inputs.size()); }
  int output_count() const { return static_cast<int>(node_.outputs.size()); }
  bool has(int input) const { return node_.input(static_cast<size_t>(input)) != kNoTensor; }
  // Whether anybody reads that output: one that is left out, or a map that was not asked for, need
  // not be computed.
  bool wants(int output) const;

  // The shape of an input, without asking for its elements (weights of which only a packed form is
  // read).
  const Shape& input_shape(int index) const;

  View input(int index);
  View output(int index);
  bool has_residual() const { return node_.residual != kNoTensor; }
  View residual();

  // The value of an input that is known before the run, else null. Row-major.
  const Constant* constant(int input) const;

  // Memory that only this node's tasks use, 16-byte aligned. Its contents do not survive the node.
  Buffer scratch(size_t bytes);

  // Memory that is filled once and kept as long as the session, shared by all plans: packed
  // weights. `key` names the form ("panels"); `fill` is called when no plan has made it for that
  // weight (input `index`, which is constant) before. After kOnlyForm the plain weight may go: a
  // later plan finds a constant without data, and must ask for the same form.
  Buffer packed(int index, std::string_view key, size_t bytes, Packing packing,
                FunctionRef<void(std::byte*)> fill);
  // Memory that is filled now and kept as long as the plan (tables of indices and the like).
  Buffer table(size_t bytes, FunctionRef<void(std::byte*)> fill);

  // Declares that output `output` is input `input` seen differently: same bytes, no task. Under
  // kStrict both are row-major; under kIndifferent, for an output of the same shape, the output
  // lies as the input does.
  void alias(int output, int input);

  // Adds a task; tasks run in the order in which they are added.
  template <class F>
  void run(F body) {
    add(Task(std::move(body)));
  }

 private:
  void add(Task task);

  PlanBuilder& plan_;
  const Node& node_;
};

}  // namespace heed

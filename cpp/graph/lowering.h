// What the lowering of one node sees: views of its tensors, memory to ask for, and where to put the
// kernel call.
#pragma once

#include <memory>

#include "base/function_ref.h"
#include "graph/node_reader.h"
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
  // Null for kNoBuffer.
  template <class T = float>
  T* at(Buffer buffer) const {
    return reinterpret_cast<T*>(address(buffer));
  }

 private:
  std::byte* address(Buffer buffer) const;

  std::byte* const* addresses_;
};

// A step of a plan: a callable `void(const Run&)` of plain numbers and Buffers, held as bytes. It
// allocates nothing when it runs.
class Task {
 public:
  template <class F>
  explicit Task(const F& body)
      : Task(&body, sizeof(F),
             [](const void* f, const Run& run) { (*static_cast<const F*>(f))(run); }) {
    static_assert(std::is_trivially_copyable_v<F>);
  }
  void operator()(const Run& run) const { call_(body_.get(), run); }

 private:
  using Call = void (*)(const void*, const Run&);
  Task(const void* body, size_t bytes, Call call);

  std::unique_ptr<std::byte[]> body_;
  Call call_;
};

// A tensor as a kernel sees it. `strides` are in elements along the logical axes.
struct View {
  DType dtype = DType::kF32;
  Shape shape;
  Strides strides;
  Layout layout = Layout::kRowMajor;
  Buffer buffer = kNoBuffer;
};

class Lowering : public NodeReader {
 public:
  Lowering(PlanBuilder& plan, const Node& node);

  const kernels::Activation& activation() const { return node_.activation; }

  View input(int index);
  View output(int index);
  // Where these lie; kNoBuffer when the node has no such input, or nobody reads that output.
  Buffer input_buffer(int index);
  Buffer output_buffer(int index);
  Buffer residual_buffer();

  // Memory that only this node's tasks use, 16-byte aligned. Its contents do not survive the node.
  // An error where the address space has not so many bytes.
  Buffer scratch(int64_t count, size_t element_bytes = sizeof(float));

  // Memory that is filled once and kept as long as the session, shared by all plans: packed
  // weights. `key` names the form ("panels"); `fill` is called when no plan has made it for that
  // weight (input `index`, which is constant) before. After kOnly the plain weight may go: a later
  // plan finds a constant without data, and must ask for the same form. An error where the address
  // space has not so many floats.
  Buffer packed(int index, std::string_view key, int64_t count, PackedForm form,
                FunctionRef<void(std::byte*)> fill);
  // Memory that is filled now and kept as long as the plan (tables of indices and the like).
  Buffer table(size_t bytes, FunctionRef<void(std::byte*)> fill);

  // What attention keeps between runs: memory of the session, the same for all plans, which its
  // name tells from others; and where the number of rows (tokens) that are kept stands while a run
  // is going on. kNoBuffer, and an error, where there is no session.
  Buffer cache_memory(std::string_view name, int64_t count);
  Buffer cache_length();
  // A run of this plan appends so many rows for each of `batch` sequences, of which there is room
  // for `capacity`. An error where another node of the plan has said otherwise.
  void extend_cache(Extent rows, Extent batch, Extent capacity);
  // The last axis of an output ends, when a run has finished, where the kept rows do.
  void ends_with_cache(int output);

  // Declares that output `output` is input `input` seen differently: same bytes, no task. Under
  // kStrict both are row-major; under kIndifferent, for an output of the same shape, the output
  // lies as the input does.
  void alias(int output, int input);

  // Adds a task; tasks run in the order in which they are added.
  template <class F>
  void run(const F& body) {
    add(Task(body));
  }

 private:
  void add(Task task);
  size_t checked_bytes(int64_t count, size_t element_bytes);

  PlanBuilder& plan_;
};

}  // namespace heed

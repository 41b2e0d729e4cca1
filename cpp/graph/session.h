// A session: one graph, its weights, its plans and the memory they run in. The one executor of the
// library.
#pragma once

#include <memory>
#include <vector>

#include "graph/graph.h"

namespace heed {

struct SessionOptions {
  // For tests: graph inputs of rank >= 3 are converted to channels-last before anything reads them,
  // so that every operator that follows runs in that layout.
  bool force_channels_last = false;
  // A plan that needs more bytes for activations is refused with kOutOfMemory.
  size_t memory_limit = SIZE_MAX;
};

// What one run reads and gives.
struct Request {
  std::vector<Shape> inputs;  // one for each of graph().inputs, in their order
  // Any tensors that still have a producer. When neither outputs nor blocks are named: the graph's
  // outputs.
  std::vector<TensorId> outputs;
  std::vector<int> blocks;  // blocks whose maps are wanted: indices into graph().blocks
};

// A finished tensor: row-major elements in the session's memory, valid until the next prepare or
// execute.
struct OutputValue {
  TensorId tensor = kNoTensor;
  DType dtype = DType::kF32;
  Shape shape;
  const std::byte* data = nullptr;
  size_t bytes() const { return static_cast<size_t>(shape.count()) * byte_size(dtype); }
};

struct MemoryReport {
  size_t weight_bytes = 0;  // packed and plain weights
  size_t arena_bytes = 0;   // of the current plan: all activations and scratch at their peak
  int plans = 0;            // that are kept
};

class Session {
 public:
  // Takes a graph that the passes have been through. Errors: kInvalidGraph.
  static Result<std::unique_ptr<Session>> create(Graph graph, const SessionOptions& options = {});
  ~Session();

  const Graph& graph() const;

  // Makes, or finds, the plan for these shapes and outputs. Errors: kWrongShape (with the input or
  // node, or when the cache has no room for the run), kUnknownName, kOutOfMemory. After an error
  // the session is as before.
  Status prepare(const Request& request);

  // Where the prepared run reads input `index` (of graph().inputs): `bytes` row-major elements of
  // the declared dtype. Valid until the next prepare or execute.
  std::span<std::byte> input_data(int index);

  // Runs the prepared plan, for about `milliseconds` at most (0: to the end), and says whether it
  // is finished; when it is not, call again. Inputs must be written before the first call of each
  // run.
  Result<bool> execute(double milliseconds = 0);

  // After execute: the outputs in the order of the request, then the maps.
  std::span<const OutputValue> outputs() const;

  MemoryReport memory() const;

  // Tokens that attention with a cache keeps: what finished runs gave, position 0 first.
  Extent cache_length() const;
  // Forgets those from `length` on; 0 begins anew. Errors: kWrongValue when there are not so many.
  Status truncate_cache(Extent length);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace heed

// Graphs made by hand, and running them.
#pragma once

#include "graph/graph.h"
#include "graph/session.h"
#include "support/host_tensor.h"

namespace heed::test {

// Builds a graph node by node:
//
//   GraphBuilder g;
//   const TensorId x = g.input("x", {1, 8, 5, 5});
//   const TensorId y = g.node("Relu", {x});
//   const auto outputs = run(g.build({y}), {host_tensor(values, Shape{1, 8, 5, 5})});
class GraphBuilder {
 public:
  explicit GraphBuilder(int opset = 22) : opset_(opset) {}

  TensorId input(std::string name, const Shape& shape, DType dtype = DType::kF32);
  TensorId constant(std::span<const float> values, const Shape& shape);
  TensorId constant(std::span<const int64_t> values, const Shape& shape);
  TensorId integers(std::initializer_list<int64_t> values);  // of rank 1

  struct Attribute {
    std::string_view name;
    AttributeValue value;
  };
  // The node's only output.
  TensorId node(std::string_view op, std::vector<TensorId> inputs,
                std::initializer_list<Attribute> attributes = {}, std::string_view domain = "");
  std::vector<TensorId> node_with_outputs(size_t count, std::string_view op,
                                          std::vector<TensorId> inputs,
                                          std::initializer_list<Attribute> attributes = {},
                                          std::string_view domain = "");

  Graph& graph() { return graph_; }
  Graph build(std::vector<TensorId> outputs);

 private:
  Graph graph_;
  int opset_;
};

// Optimizes the graph, makes a session of it and runs it once. The inputs are in the order of the
// graph's.
struct RunOptions {
  bool channels_last = false;  // SessionOptions::force_channels_last
  bool optimized = true;
};
Result<std::vector<HostTensor>> run(Graph graph, std::span<const HostTensor> inputs,
                                    const RunOptions& options = {});
inline Result<std::vector<HostTensor>> run(Graph graph, std::initializer_list<HostTensor> inputs,
                                           const RunOptions& options = {}) {
  return run(std::move(graph), std::span<const HostTensor>(inputs.begin(), inputs.size()), options);
}

// One more run of a session, perhaps with other shapes.
Result<std::vector<HostTensor>> run(Session& session, std::span<const HostTensor> inputs,
                                    Request request = {});

}  // namespace heed::test

#include "graph/topological_sort.h"

#include <algorithm>
#include <functional>

namespace heed {

namespace {

constexpr int32_t kNone = -1;

template <class F>
void for_each_read(const Node& node, F body) {
  for (TensorId input : node.inputs) {
    if (input != kNoTensor) body(input);
  }
  if (node.residual != kNoTensor) body(node.residual);
}

// Every node that is left waits for another one that is left: going from each to one that it waits
// for ends in a circle.
Status cycle_error(const Graph& graph, const std::vector<int32_t>& producer,
                   const std::vector<int32_t>& waits_for) {
  const auto blocker = [&](size_t node) {
    size_t found = node;
    for_each_read(graph.nodes[node], [&](TensorId input) {
      const int32_t other = producer[static_cast<size_t>(input)];
      if (other != kNone && waits_for[static_cast<size_t>(other)] > 0)
        found = static_cast<size_t>(other);
    });
    return found;
  };
  size_t node = 0;
  while (waits_for[node] == 0) ++node;
  std::vector<bool> visited(graph.nodes.size());
  while (!visited[node]) {
    visited[node] = true;
    node = blocker(node);
  }

  constexpr int kMostNamed = 8;
  const size_t start = node;
  std::string names = join("'", graph.nodes[start].name, "'");
  int named = 0;
  do {
    node = blocker(node);
    names += named == kMostNamed ? std::string(" waits for others")
                                 : join(" waits for '", graph.nodes[node].name, "'");
  } while (node != start && named++ < kMostNamed);
  return error(Code::kInvalidGraph, "the graph has a cycle: node ", names);
}

}  // namespace

Status sort_nodes(Graph& graph) {
  const size_t count = graph.nodes.size();
  std::vector<int32_t> producer(graph.tensors.size(), kNone);
  for (size_t i = 0; i < count; ++i) {
    for (TensorId output : graph.nodes[i].outputs) {
      if (output != kNoTensor) producer[static_cast<size_t>(output)] = static_cast<int32_t>(i);
    }
  }

  // Edges from each node to those that read it, as one array with offsets.
  std::vector<int32_t> waits_for(count, 0);
  std::vector<size_t> first_reader(count + 1, 0);
  const auto for_each_edge = [&](auto body) {
    for (size_t reader = 0; reader < count; ++reader) {
      for_each_read(graph.nodes[reader], [&](TensorId input) {
        const int32_t from = producer[static_cast<size_t>(input)];
        if (from != kNone) body(static_cast<size_t>(from), reader);
      });
    }
  };
  for_each_edge([&](size_t from, size_t reader) {
    ++first_reader[from + 1];
    ++waits_for[reader];
  });
  for (size_t i = 0; i < count; ++i) first_reader[i + 1] += first_reader[i];
  std::vector<int32_t> readers(first_reader[count]);
  std::vector<size_t> next = first_reader;
  for_each_edge(
      [&](size_t from, size_t reader) { readers[next[from]++] = static_cast<int32_t>(reader); });

  std::vector<int32_t> ready;  // a heap, smallest index first
  for (size_t i = 0; i < count; ++i) {
    if (waits_for[i] == 0) ready.push_back(static_cast<int32_t>(i));
  }
  std::vector<Node> sorted;
  sorted.reserve(count);
  std::vector<size_t> order;
  order.reserve(count);
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), std::greater<>());
    const auto node = static_cast<size_t>(ready.back());
    ready.pop_back();
    order.push_back(node);
    for (size_t i = first_reader[node]; i < first_reader[node + 1]; ++i) {
      const int32_t reader = readers[i];
      if (--waits_for[static_cast<size_t>(reader)] == 0) {
        ready.push_back(reader);
        std::push_heap(ready.begin(), ready.end(), std::greater<>());
      }
    }
  }
  if (order.size() < count) return cycle_error(graph, producer, waits_for);
  for (size_t node : order) sorted.push_back(std::move(graph.nodes[node]));
  graph.nodes = std::move(sorted);
  return {};
}

}  // namespace heed

#include "bindings/describe.h"

#include <algorithm>
#include <cstdint>

#include "bindings/json.h"
#include "graph/operator.h"

namespace heed {

namespace {

void write_dims(Json& json, const std::vector<Dimension>& dims) {
  json.array([&] {
    for (const Dimension& dim : dims) {
      if (dim.extent >= 0) {
        json.number(dim.extent);
      } else {
        json.text(dim.name.empty() ? "?" : dim.name);
      }
    }
  });
}

void write_tensors(Json& json, const Graph& graph, const std::vector<TensorId>& ids) {
  json.array([&] {
    for (TensorId id : ids) {
      const Tensor& tensor = graph.tensor(id);
      json.object([&] {
        json.key("name").text(tensor.name);
        json.key("dtype").text(dtype_name(tensor.dtype));
        if (tensor.ranked) write_dims(json.key("shape"), tensor.dims);
      });
    }
  });
}

void write_blocks(Json& json, const Graph& graph) {
  json.array([&] {
    for (const Block& block : graph.blocks) {
      json.object([&] {
        json.key("id").text(block.id);
        json.key("mechanism").text(block.mechanism);
        json.key("kind").text(block.kind);
        json.key("node").text(block.node);
        json.key("input").text(graph.tensor(block.input).name);
        json.key("output").text(graph.tensor(block.output).name);
        write_dims(json.key("shape"), block.shape);
        json.key("map").number(block.map);
      });
    }
  });
}

void write_operators(Json& json, const Graph& graph) {
  struct Count {
    const Operator* op;
    int count;
  };
  std::vector<Count> counts;
  for (const Node& node : graph.nodes) {
    const auto known = std::find_if(counts.begin(), counts.end(),
                                    [&](const Count& entry) { return entry.op == node.op; });
    if (known == counts.end()) {
      counts.push_back({node.op, 1});
    } else {
      ++known->count;
    }
  }
  json.array([&] {
    for (const Count& entry : counts) {
      json.object([&] {
        json.key("name").text(entry.op->name);
        json.key("count").number(entry.count);
      });
    }
  });
}

void write_produced(Json& json, const Graph& graph) {
  json.array([&] {
    for (const Node& node : graph.nodes) {
      for (TensorId id : node.outputs) {
        if (id == kNoTensor || graph.tensor(id).name.empty()) continue;
        json.object([&] {
          json.key("name").text(graph.tensor(id).name);
          json.key("id").number(id);
        });
      }
    }
  });
}

void write_memory(Json& json, const Session& session) {
  const MemoryReport report = session.memory();
  json.object([&] {
    json.key("weightBytes").number(static_cast<int64_t>(report.weight_bytes));
    json.key("arenaBytes").number(static_cast<int64_t>(report.arena_bytes));
    json.key("plans").number(report.plans);
  });
}

}  // namespace

std::string describe(const Session& session) {
  const Graph& graph = session.graph();
  Json json;
  json.object([&] {
    write_tensors(json.key("inputs"), graph, graph.inputs);
    write_tensors(json.key("outputs"), graph, graph.outputs);
    write_blocks(json.key("attention"), graph);
    write_operators(json.key("operators"), graph);
    write_produced(json.key("tensors"), graph);
    write_memory(json.key("memory"), session);
  });
  return json.take();
}

void describe_results(const Session& session, std::vector<int32_t>& words) {
  const auto add = [&](size_t word) { words.push_back(static_cast<int32_t>(word)); };
  add(session.outputs().size());
  for (const OutputValue& value : session.outputs()) {
    add(static_cast<size_t>(value.dtype));
    add(reinterpret_cast<uintptr_t>(value.data));
    add(value.bytes());
    add(static_cast<size_t>(value.shape.rank()));
    words.insert(words.end(), value.shape.begin(), value.shape.end());
  }
  const MemoryReport report = session.memory();
  add(report.weight_bytes);
  add(report.arena_bytes);
  add(static_cast<size_t>(report.plans));
}

}  // namespace heed

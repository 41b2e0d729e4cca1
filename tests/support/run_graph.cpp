#include "support/run_graph.h"

#include <cstring>

#include "graph/operator.h"
#include "graph/optimize.h"

namespace heed::test {

TensorId GraphBuilder::input(std::string name, const Shape& shape, DType dtype) {
  const TensorId id = graph_.add_tensor(std::move(name), dtype);
  Tensor& tensor = graph_.tensor(id);
  tensor.ranked = true;
  for (Extent extent : shape) tensor.dims.push_back({extent, {}});
  graph_.inputs.push_back(id);
  return id;
}

TensorId GraphBuilder::constant(std::span<const float> values, const Shape& shape) {
  return graph_.add_constant(join("constant", static_cast<uint64_t>(graph_.tensors.size())),
                             make_constant(values, shape));
}

TensorId GraphBuilder::constant(std::span<const int64_t> values, const Shape& shape) {
  return graph_.add_constant(join("constant", static_cast<uint64_t>(graph_.tensors.size())),
                             make_constant(values, shape));
}

TensorId GraphBuilder::integers(std::initializer_list<int64_t> values) {
  return constant(std::span<const int64_t>(values.begin(), values.size()),
                  Shape{static_cast<Extent>(values.size())});
}

TensorId GraphBuilder::node(std::string_view op, std::vector<TensorId> inputs,
                            std::initializer_list<Attribute> attributes, std::string_view domain) {
  return node_with_outputs(1, op, std::move(inputs), attributes, domain)[0];
}

std::vector<TensorId> GraphBuilder::node_with_outputs(size_t count, std::string_view op,
                                                      std::vector<TensorId> inputs,
                                                      std::initializer_list<Attribute> attributes,
                                                      std::string_view domain) {
  Node node;
  node.op = find_operator(domain, op);
  node.name = join(op, ".", static_cast<uint64_t>(graph_.nodes.size()));
  node.inputs = std::move(inputs);
  for (size_t i = 0; i < count; ++i)
    node.outputs.push_back(graph_.add_tensor(join(node.name, ".", static_cast<uint64_t>(i))));
  auto values = std::make_shared<Attributes>();
  for (const Attribute& attribute : attributes) values->set(attribute.name, attribute.value);
  node.attributes = std::move(values);
  node.version = opset_;
  std::vector<TensorId> outputs = node.outputs;
  graph_.nodes.push_back(std::move(node));
  return outputs;
}

Graph GraphBuilder::build(std::vector<TensorId> outputs) {
  graph_.outputs = std::move(outputs);
  return graph_;
}

Result<std::vector<HostTensor>> run(Graph graph, std::span<const HostTensor> inputs,
                                    const RunOptions& options) {
  if (options.optimized) HEED_TRY(optimize(graph));
  Result<std::unique_ptr<Session>> session =
      Session::create(std::move(graph), {.force_channels_last = options.channels_last});
  if (!session.ok()) return session.status();
  return run(*session.value(), inputs);
}

Result<std::vector<HostTensor>> run(Session& session, std::span<const HostTensor> inputs,
                                    Request request) {
  request.inputs.clear();
  for (const HostTensor& input : inputs) request.inputs.push_back(input.shape);
  HEED_TRY(session.prepare(request));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::span<std::byte> target = session.input_data(static_cast<int>(i));
    if (target.size() != inputs[i].data.size()) {
      return error(Code::kWrongType, "input ", static_cast<uint64_t>(i), " has ",
                   static_cast<uint64_t>(target.size()), " bytes, the test gives ",
                   static_cast<uint64_t>(inputs[i].data.size()));
    }
    if (!target.empty()) std::memcpy(target.data(), inputs[i].data.data(), target.size());
  }
  const Result<bool> finished = session.execute();
  if (!finished.ok()) return finished.status();
  if (!finished.value()) return error(Code::kInternal, "the run did not finish");
  std::vector<HostTensor> outputs;
  for (const OutputValue& value : session.outputs()) {
    HostTensor tensor{session.graph().tensor(value.tensor).name, value.dtype, value.shape, {}};
    tensor.data.assign(value.data, value.data + value.bytes());
    outputs.push_back(std::move(tensor));
  }
  return outputs;
}

}  // namespace heed::test

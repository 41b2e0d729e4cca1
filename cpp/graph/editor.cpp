#include "graph/editor.h"

#include <algorithm>

#include "graph/operator.h"

namespace heed {

Editor::Editor(Graph& graph)
    : graph_(graph), producer_(graph.tensors.size(), -1), uses_(graph.tensors.size(), 0) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (TensorId input : graph.nodes[i].inputs) add_use(input, 1);
    for (TensorId output : graph.nodes[i].outputs) {
      if (output != kNoTensor) producer_[static_cast<size_t>(output)] = static_cast<int32_t>(i);
    }
  }
  for (TensorId output : graph.outputs) add_use(output, 1);
  for (TensorId tensor : graph.keep) add_use(tensor, 1);
  // What a recognised block attends to, gives and maps stays readable.
  for (const Block& block : graph.blocks) {
    for (TensorId tensor : {block.input, block.output, block.map}) add_use(tensor, 1);
  }
}

Editor::~Editor() {
  std::erase_if(graph_.nodes, [](const Node& node) { return node.op == nullptr; });
}

void Editor::add_use(TensorId tensor, int change) {
  if (tensor != kNoTensor) uses_[static_cast<size_t>(tensor)] += change;
}

Node* Editor::producer(TensorId tensor) {
  if (tensor == kNoTensor || producer_[static_cast<size_t>(tensor)] < 0) return nullptr;
  return &graph_.nodes[static_cast<size_t>(producer_[static_cast<size_t>(tensor)])];
}

Node* Editor::producer(TensorId tensor, std::string_view name) {
  Node* node = producer(tensor);
  return node && node->op->name == name && node->op->domain.empty() ? node : nullptr;
}

Node* Editor::only_reader(TensorId tensor) {
  if (tensor == kNoTensor || uses(tensor) != 1) return nullptr;
  // The reader comes after the producer; without one (an input) the search is over all nodes.
  const int32_t made = producer_[static_cast<size_t>(tensor)];
  for (size_t i = static_cast<size_t>(made + 1); i < graph_.nodes.size(); ++i) {
    if (!alive(i)) continue;
    const auto& inputs = graph_.nodes[i].inputs;
    if (std::find(inputs.begin(), inputs.end(), tensor) != inputs.end()) return &graph_.nodes[i];
  }
  return nullptr;
}

std::optional<float> Editor::scalar(TensorId tensor) const {
  const Constant* value = constant(tensor);
  if (!value || value->dtype != DType::kF32 || value->shape.count() != 1) return {};
  return value->values<float>()[0];
}

bool Editor::is_scalar(TensorId tensor, float value) const {
  const std::optional<float> known = scalar(tensor);
  return known && *known == value;
}

TensorId Editor::other_operand(const Node& node, float value) const {
  if (node.inputs.size() != 2) return kNoTensor;
  for (size_t side = 0; side < 2; ++side) {
    if (is_scalar(node.inputs[side], value)) return node.inputs[1 - side];
  }
  return kNoTensor;
}

int Editor::rank(TensorId tensor) {
  // Follows operators that keep the rank; 64 steps are plenty, and nothing recurses over the depth
  // of a file.
  for (int step = 0; step < 64 && tensor != kNoTensor; ++step) {
    const Tensor& at = graph_.tensor(tensor);
    if (at.constant) return at.constant->shape.rank();
    if (at.ranked) return static_cast<int>(at.dims.size());
    const Node* node = producer(tensor);
    if (!node) return -1;
    const std::string_view name = node->op->name;
    if (name == "Conv" || name == "ConvTranspose") {
      tensor = node->input(1);
      continue;
    }
    if (name == "Add" || name == "Mul" || name == "Sub" || name == "Div") {
      // The operand that is no weight decides, unless the weight has the higher rank.
      const bool first_known = constant(node->input(0)) != nullptr;
      const TensorId weight = node->input(first_known ? 0 : 1);
      const Constant* value = constant(weight);
      if (!value || value->shape.rank() > 1) return -1;
      tensor = node->input(first_known ? 1 : 0);
      continue;
    }
    static constexpr std::string_view kSameRank[] = {"Relu",
                                                     "Clip",
                                                     "Sigmoid",
                                                     "HardSigmoid",
                                                     "HardSwish",
                                                     "Tanh",
                                                     "MaxPool",
                                                     "Softmax",
                                                     "BatchNormalization",
                                                     "LayerNormalization",
                                                     "Activate",
                                                     "AveragePool",
                                                     "Gelu",
                                                     "Elu",
                                                     "GlobalAveragePool",
                                                     "Identity",
                                                     "Erf",
                                                     "LeakyRelu",
                                                     "Pow",
                                                     "Sqrt",
                                                     "Resize",
                                                     "Concat",
                                                     "Transpose",
                                                     "Dropout"};
    const bool same =
        std::find(std::begin(kSameRank), std::end(kSameRank), name) != std::end(kSameRank);
    if (!same) return -1;
    tensor = node->input(0);
  }
  return -1;
}

TensorId Editor::add_tensor(std::string name, DType dtype) {
  producer_.push_back(-1);
  uses_.push_back(0);
  return graph_.add_tensor(std::move(name), dtype);
}

TensorId Editor::add_constant(std::string name, ConstantPtr constant) {
  const TensorId id = add_tensor(std::move(name), constant->dtype);
  graph_.tensor(id).constant = std::move(constant);
  return id;
}

// Removes the producer of a tensor that has lost its last reader, and so on upwards.
void Editor::drop(TensorId first) {
  std::vector<TensorId> unread = {first};
  while (!unread.empty()) {
    const TensorId tensor = unread.back();
    unread.pop_back();
    if (tensor == kNoTensor || uses(tensor) > 0) continue;
    Node* node = producer(tensor);
    if (!node || !node->op) continue;
    const bool dead = std::all_of(node->outputs.begin(), node->outputs.end(),
                                  [&](TensorId id) { return id == kNoTensor || uses(id) == 0; });
    if (!dead) continue;
    for (TensorId output : node->outputs) {
      if (output != kNoTensor) producer_[static_cast<size_t>(output)] = -1;
    }
    for (TensorId input : node->inputs) {
      add_use(input, -1);
      unread.push_back(input);
    }
    node->op = nullptr;
  }
}

void Editor::replace(Node& node, std::string_view domain, std::string_view op,
                     std::vector<TensorId> inputs, std::shared_ptr<const Attributes> attributes) {
  for (TensorId input : inputs) add_use(input, 1);
  const std::vector<TensorId> former = std::move(node.inputs);
  node.op = find_operator(domain, op);
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  for (TensorId input : former) {
    add_use(input, -1);
    drop(input);
  }
}

void Editor::set_input(Node& node, size_t index, TensorId tensor) {
  if (node.inputs.size() <= index) node.inputs.resize(index + 1, kNoTensor);
  const TensorId former = node.inputs[index];
  add_use(tensor, 1);
  node.inputs[index] = tensor;
  if (former == kNoTensor) return;
  add_use(former, -1);
  drop(former);
}

bool Editor::bypass(Node& node, TensorId tensor) {
  const TensorId output = node.outputs[0];
  int readers = 0;
  for (const Node& reader : graph_.nodes) {
    if (!reader.op) continue;
    readers += static_cast<int>(std::count(reader.inputs.begin(), reader.inputs.end(), output));
  }
  if (readers != uses(output)) return false;
  for (Node& reader : graph_.nodes) {
    if (reader.op) std::replace(reader.inputs.begin(), reader.inputs.end(), output, tensor);
  }
  add_use(tensor, readers);
  add_use(output, -readers);
  drop(output);
  return true;
}

void Editor::discard(Node& node) {
  for (TensorId output : node.outputs) {
    if (output != kNoTensor) producer_[static_cast<size_t>(output)] = -1;
  }
  const std::vector<TensorId> inputs = std::move(node.inputs);
  node.op = nullptr;
  for (TensorId input : inputs) {
    add_use(input, -1);
    drop(input);
  }
}

void Editor::take_output_of(Node& node, Node& other) {
  const TensorId former = node.outputs[0];
  const TensorId taken = other.outputs[0];
  const auto at = static_cast<int32_t>(index_of(node));
  for (TensorId input : other.inputs) {
    add_use(input, -1);
    if (input != former) drop(input);
  }
  other.op = nullptr;
  producer_[static_cast<size_t>(former)] = -1;
  producer_[static_cast<size_t>(taken)] = at;
  node.outputs[0] = taken;
}

}  // namespace heed

#include <cmath>
#include <optional>

#include "graph/operator.h"
#include "graph/passes/passes.h"

namespace heed {

namespace {

using Vector = std::vector<float>;

// y = x * scale + shift, per channel.
struct Affine {
  TensorId input;
  Vector scale;
  Vector shift;
};

Vector filled(Extent channels, float value) { return Vector(static_cast<size_t>(channels), value); }

Vector copy_of(std::span<const float> values) { return Vector(values.begin(), values.end()); }

bool is_float(const Constant* constant) { return constant && constant->dtype == DType::kF32; }

// A constant operand as one value per channel: a scalar, or extents of 1 but for the channel axis,
// `axis_from_end` axes before the end (1: the last one). Its rank may not exceed the other
// operand's.
std::optional<Vector> per_channel(const Constant* constant, Extent channels, int axis_from_end,
                                  int rank) {
  if (!is_float(constant) || constant->shape.rank() > rank) return {};
  const Shape& shape = constant->shape;
  if (shape.count() == 1) return filled(channels, constant->values<float>()[0]);
  const int axis = shape.rank() - axis_from_end;
  if (shape.count() != channels || axis < 0 || shape[axis] != channels) return {};
  return copy_of(constant->values<float>());
}

std::optional<Affine> batch_norm(Editor& editor, const Node& node, Extent channels) {
  if (node.op->name != "BatchNormalization" || node.inputs.size() != 5) return {};
  if (node.attributes->integer("training_mode", 0) != 0) return {};
  // Before operator set 9, spatial = 0 meant statistics per position.
  if (node.attributes->integer("spatial", 1) != 1) return {};
  for (size_t output = 1; output < node.outputs.size(); ++output) {
    if (node.outputs[output] != kNoTensor && editor.uses(node.outputs[output]) > 0) return {};
  }
  const Constant* statistics[4];
  for (size_t i = 0; i < 4; ++i) {
    statistics[i] = editor.constant(node.inputs[i + 1]);
    if (!is_float(statistics[i]) || statistics[i]->shape.count() != channels) return {};
  }
  const float epsilon = node.attributes->real("epsilon", 1e-5f);
  Affine affine{node.inputs[0], filled(channels, 0), filled(channels, 0)};
  for (size_t c = 0; c < affine.scale.size(); ++c) {
    const auto of = [&](int i) { return statistics[i]->values<float>()[c]; };
    const float gain = of(0), bias = of(1), mean = of(2), variance = of(3);
    affine.scale[c] = gain / std::sqrt(variance + epsilon);
    affine.shift[c] = bias - mean * affine.scale[c];
  }
  return affine;
}

// A sum, difference, product or quotient with a constant per channel. (Only the left operand of -
// and / may be the data.)
std::optional<Affine> arithmetic(Editor& editor, const Node& node, Extent channels,
                                 int axis_from_end, int rank) {
  const std::string_view name = node.op->name;
  const bool commutes = name == "Mul" || name == "Add";
  if ((!commutes && name != "Sub" && name != "Div") || node.inputs.size() != 2) return {};
  for (size_t side = commutes ? 0 : 1; side < 2; ++side) {
    std::optional<Vector> value =
        per_channel(editor.constant(node.inputs[side]), channels, axis_from_end, rank);
    if (!value) continue;
    if (name == "Div") {
      for (float& v : *value) v = 1 / v;
    }
    if (name == "Sub") {
      for (float& v : *value) v = -v;
    }
    const bool scales = name == "Mul" || name == "Div";
    Affine affine{node.inputs[1 - side], filled(channels, 1), filled(channels, 0)};
    (scales ? affine.scale : affine.shift) = std::move(*value);
    return affine;
  }
  return {};
}

// How a producer's weight is laid out: (outer, channels, inner), the channels repeated `groups`
// times along `outer`.
struct WeightLayout {
  Extent channels;   // of the output
  Extent per_group;  // of them in one stretch of the weight
  Extent outer;      // stretches in all; group = stretch / (outer / groups)
  Extent inner;
  int groups = 1;
  int axis_from_end = 1;  // of the channel axis in the output
  int rank = 0;           // of the output, at least
};

std::optional<WeightLayout> weight_layout(const Node& node, const Constant& weight) {
  const Shape& shape = weight.shape;
  const std::string_view name = node.op->name;
  if (name == "Conv" && shape.rank() >= 3) {
    return WeightLayout{shape[0], shape[0],         1,           shape.count(1, shape.rank()),
                        1,        shape.rank() - 1, shape.rank()};
  }
  if (name == "ConvTranspose" && shape.rank() >= 3) {
    const int64_t groups = node.attributes->integer("group", 1);
    if (groups < 1 || groups > shape[0] || shape[0] % groups != 0) return {};
    const auto group_count = static_cast<int>(groups);
    return WeightLayout{
        shape[1] * group_count, shape[1],    shape[0], shape.count(2, shape.rank()), group_count,
        shape.rank() - 1,       shape.rank()};
  }
  if (name == "MatMul" && shape.rank() == 2) {
    const bool rows = node.attributes->integer("transB", 0) != 0;  // (out, in)
    return rows ? WeightLayout{shape[0], shape[0], 1, shape[1], 1, 1, 1}
                : WeightLayout{shape[1], shape[1], shape[0], 1, 1, 1, 1};
  }
  return {};
}

void scale_weight(const float* from, const WeightLayout& layout, const Vector& scale, float* to) {
  const Extent stretches = layout.outer / layout.groups;
  for (Extent outer = 0; outer < layout.outer; ++outer) {
    for (Extent c = 0; c < layout.per_group; ++c) {
      const float factor = scale[static_cast<size_t>(outer / stretches * layout.per_group + c)];
      for (Extent i = 0; i < layout.inner; ++i) *to++ = *from++ * factor;
    }
  }
}

// In place where nobody else reads the weight, else the producer gets a copy of its own.
void apply(Editor& editor, Node& producer, Node& node, const WeightLayout& layout,
           const Affine& affine) {
  const TensorId weight = producer.inputs[1];
  const ConstantPtr plain = editor.graph().tensor(weight).constant;
  Vector bias = affine.shift;
  if (const Constant* former = editor.constant(producer.input(2))) {
    for (size_t c = 0; c < bias.size(); ++c) {
      bias[c] += former->values<float>()[c] * affine.scale[c];
    }
  }
  const float* from = plain->values<float>().data();
  // The tensor and this function own it.
  if (plain->writable && plain.use_count() == 2 && editor.uses(weight) == 1) {
    scale_weight(from, layout, affine.scale, const_cast<float*>(from));
  } else {
    const NewConstant made = make_constant(DType::kF32, plain->shape);
    scale_weight(from, layout, affine.scale, made.values<float>());
    const std::string name = editor.graph().tensor(weight).name;
    editor.set_input(producer, 1, editor.add_constant(name, made.constant));
  }
  editor.set_input(
      producer, 2,
      editor.add_constant(
          producer.name + ".bias",
          make_constant(std::span<const float>(bias.data(), bias.size()), Shape{layout.channels})));
  editor.take_output_of(producer, node);
}

}  // namespace

void fold_affine(Graph& graph) {
  Editor editor(graph);
  for (size_t i = 0; i < editor.node_count(); ++i) {
    if (!editor.alive(i)) continue;
    Node& node = editor.node(i);
    const bool norm = node.op->name == "BatchNormalization";
    for (TensorId input : node.inputs) {
      Node* producer = editor.producer(input);
      if (!producer || editor.uses(input) != 1 || producer->outputs[0] != input) continue;
      const Constant* weight = editor.constant(producer->input(1));
      const bool bias_known =
          producer->input(2) == kNoTensor || is_float(editor.constant(producer->input(2)));
      if (!is_float(weight) || !bias_known) continue;
      const std::optional<WeightLayout> layout = weight_layout(*producer, *weight);
      if (!layout || (norm && producer->op->name == "MatMul")) continue;
      const std::optional<Affine> affine =
          norm ? batch_norm(editor, node, layout->channels)
               : arithmetic(editor, node, layout->channels, layout->axis_from_end, layout->rank);
      if (!affine || affine->input != input) continue;
      apply(editor, *producer, node, *layout, *affine);
      break;
    }
  }
}

}  // namespace heed

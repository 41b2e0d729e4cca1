// LSTM, GRU and RNN.
#include "kernels/recurrent.h"

#include <algorithm>

#include "graph/operators/arguments.h"
#include "graph/operators/packing.h"
#include "kernels/copy.h"
#include "kernels/gemm.h"
#include "kernels/pack_panels.h"

namespace heed {

namespace {

using kernels::Recurrent;
using kernels::RecurrentActivation;
using kernels::RecurrentCell;
using kernels::UnaryKind;

RecurrentCell cell_of(const Node& node) {
  if (node.op->name == "LSTM") return RecurrentCell::kLstm;
  return node.op->name == "GRU" ? RecurrentCell::kGru : RecurrentCell::kRnn;
}

// ONNX's inputs.
enum Input { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

struct NamedActivation {
  std::string_view name;
  UnaryKind kind;
  float alpha, beta;  // defaults
};
constexpr NamedActivation kActivations[] = {
    {"Relu", UnaryKind::kRelu, 0, 0},
    {"Tanh", UnaryKind::kTanh, 0, 0},
    {"Sigmoid", UnaryKind::kSigmoid, 0, 0},
    {"Affine", UnaryKind::kCopy, 1, 0},
    {"LeakyRelu", UnaryKind::kLeakyRelu, 0.01f, 0},
    {"ThresholdedRelu", UnaryKind::kThresholdedRelu, 1, 0},
    {"ScaledTanh", UnaryKind::kTanh, 1, 1},
    {"HardSigmoid", UnaryKind::kHardSigmoid, 0.2f, 0.5f},
    {"Elu", UnaryKind::kElu, 1, 0},
    {"Softsign", UnaryKind::kSoftsign, 0, 0},
    {"Softplus", UnaryKind::kSoftplus, 0, 0},
};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// The activations of all directions: one, two or three for each. Parameters are listed in their
// order; each list goes on with defaults where it ends.
Result<std::vector<RecurrentActivation>> activations_of(const Attributes& attributes,
                                                        RecurrentCell cell, int directions) {
  std::vector<std::string> names;
  if (const AttributeValue* given = attributes.find("activations")) {
    if (const auto* list = std::get_if<std::vector<std::string>>(given)) names = *list;
  }
  if (names.empty()) {
    for (int direction = 0; direction < directions; ++direction) {
      if (cell != RecurrentCell::kRnn) names.push_back("Sigmoid");
      names.push_back("Tanh");
      if (cell == RecurrentCell::kLstm) names.push_back("Tanh");
    }
  }
  const int count = directions * (cell == RecurrentCell::kRnn   ? 1
                                  : cell == RecurrentCell::kGru ? 2
                                                                : 3);
  if (static_cast<int>(names.size()) != count) {
    return error(Code::kInvalidGraph, "it has ", static_cast<int64_t>(names.size()),
                 " activations, expected ", count);
  }
  const auto alphas = attributes.reals("activation_alpha"),
             betas = attributes.reals("activation_beta");
  std::vector<RecurrentActivation> activations;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto* found =
        std::find_if(std::begin(kActivations), std::end(kActivations),
                     [&](auto& known) { return equal_ignoring_case(known.name, names[i]); });
    if (found == std::end(kActivations)) {
      return error(Code::kInvalidGraph, "unknown activation ", names[i]);
    }
    const float alpha = i < alphas.size() ? alphas[i] : found->alpha;
    const float beta = i < betas.size() ? betas[i] : found->beta;
    RecurrentActivation activation{{found->kind, alpha, beta, 1, 0}, 1};
    if (found->name == "Affine") {
      activation.function.scale = alpha;
      activation.function.shift = beta;
    } else if (found->name == "ScaledTanh") {
      activation.function.scale = alpha;
      activation.input_scale = beta;
    }
    activations.push_back(activation);
  }
  return activations;
}

struct Sizes {
  bool batch_first = false;
  int directions = 1;
  Extent steps = 0, batch = 0, input = 0, hidden = 0;
};

// Of shapes that infer_recurrent has accepted.
Sizes sizes_of(const Attributes& attributes, const Shape& x, const Shape& recurrence) {
  Sizes sizes;
  sizes.batch_first = attributes.integer("layout", 0) != 0;
  sizes.directions = attributes.text("direction", "forward") == "bidirectional" ? 2 : 1;
  sizes.steps = x[sizes.batch_first ? 1 : 0];
  sizes.batch = x[sizes.batch_first ? 0 : 1];
  sizes.input = x[2];
  sizes.hidden = recurrence[2];
  return sizes;
}

Status check_input(const Inference& node, int input, const Shape& expected) {
  if (!node.has(input)) return {};
  const DType dtype = input == kLengths ? DType::kI32 : DType::kF32;
  if (node.dtype(input) != dtype) {
    return error(Code::kWrongType, "input ", input, " is ", dtype_name(node.dtype(input)),
                 ", expected ", dtype_name(dtype));
  }
  if (node.shape(input) == expected) return {};
  return error(Code::kWrongShape, "input ", input, " has the shape ", node.shape(input),
               ", expected ", expected);
}

}  // namespace

Status infer_recurrent(Inference& node) {
  const Attributes& attributes = node.attributes();
  const RecurrentCell cell = cell_of(node.node());
  const std::string_view direction = attributes.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    return error(Code::kInvalidGraph, "unknown direction ", direction);
  }
  const Shape &x = node.shape(kX), &recurrence = node.shape(kR);
  if (x.rank() != 3 || recurrence.rank() != 3) {
    return error(Code::kWrongShape, "X has the shape ", x, " and R ", recurrence,
                 ", expected rank 3");
  }
  const Sizes sizes = sizes_of(attributes, x, recurrence);
  const Extent hidden = sizes.hidden;
  if (hidden < 1 || sizes.input < 1 || attributes.integer("hidden_size", hidden) != hidden) {
    return error(Code::kWrongShape, "X has the shape ", x, " and R ", recurrence,
                 ", hidden_size is ", attributes.integer("hidden_size", hidden));
  }
  const Result<std::vector<RecurrentActivation>> activations =
      activations_of(attributes, cell, sizes.directions);
  if (!activations.ok()) return activations.status();

  const Extent directions = sizes.directions;
  // The gates of all steps and the work memory (at most 8 rows) must fit a tensor. Sums over them
  // are then Extents as well.
  const int64_t gate_dims[] = {sizes.steps, sizes.batch, 8 * int64_t{hidden}};
  const Result<Shape> gate_shape = Shape::make(gate_dims);
  if (!gate_shape.ok()) return gate_shape.status();
  const Extent gate_extent = kernels::gate_count(cell) * hidden;
  const Shape state = sizes.batch_first ? Shape{sizes.batch, directions, hidden}
                                        : Shape{directions, sizes.batch, hidden};
  HEED_TRY(check_input(node, kX, x));
  HEED_TRY(check_input(node, kW, Shape{directions, gate_extent, sizes.input}));
  HEED_TRY(check_input(node, kR, Shape{directions, gate_extent, hidden}));
  HEED_TRY(check_input(node, kB, Shape{directions, 2 * gate_extent}));
  HEED_TRY(check_input(node, kLengths, Shape{sizes.batch}));
  HEED_TRY(check_input(node, kInitialH, state));
  HEED_TRY(check_input(node, kInitialC, state));
  HEED_TRY(check_input(node, kPeepholes, Shape{directions, 3 * hidden}));

  const int64_t dims[] = {sizes.steps, directions, sizes.batch, hidden};
  const int64_t batch_first_dims[] = {sizes.batch, sizes.steps, directions, hidden};
  HEED_TRY(set_shape(node, DType::kF32, sizes.batch_first ? batch_first_dims : dims));
  node.set(1, DType::kF32, state);
  if (cell == RecurrentCell::kLstm) node.set(2, DType::kF32, state);
  return {};
}

namespace {

// Rows first..first + count of matrix `direction` of input `index` [directions, rows, depth],
// transposed, as panels.
Result<Buffer> weight_panels(Lowering& node, int index, int direction, Extent first, Extent count,
                             std::string_view name) {
  const Shape shape = node.input_shape(index);
  const Extent depth = shape[2];
  const ptrdiff_t offset = (ptrdiff_t{direction} * shape[1] + first) * depth;
  return pack_weights(
      node, index, join("recurrent.", name, direction), kernels::panels_count(depth, count),
      Packing::kOnlyForm, [=](const float* from, float* to) {
        kernels::pack_panels(kernels::matrix_source(from + offset, depth, 1, depth), count, to);
      });
}

// [gates] sums of the biases of W and of R, then `hidden` values: the candidate's recurrent bias,
// which with linear_before_reset belongs to the products with R and not to the sum.
Buffer bias_rows(Lowering& node, const Recurrent& layer, int direction) {
  const Extent gates = layer.gates(), hidden = layer.hidden;
  const Buffer rows = node.scratch(static_cast<size_t>(gates + hidden) * sizeof(float));
  const Buffer from = node.input(kB).buffer;
  const Extent summed = layer.linear_before_reset ? gates - hidden : gates;
  node.run([=](const Run& run) {
    const float* bias = run.at(from) + ptrdiff_t{direction} * 2 * gates;
    float* to = run.at(rows);
    for (Extent i = 0; i < gates; ++i) to[i] = bias[i] + (i < summed ? bias[gates + i] : 0);
    std::copy_n(bias + 2 * gates - hidden, hidden, to + gates);
  });
  return rows;
}

// The tasks of one direction.
Status lower_direction(Lowering& node, Recurrent layer, int direction, const Sizes& sizes) {
  const Extent rows = sizes.steps * sizes.batch, gates = layer.gates(), hidden = layer.hidden;
  const bool gru = layer.cell == RecurrentCell::kGru;
  layer.reverse = direction == 1 || node.attributes().text("direction", "forward") == "reverse";
  layer.gate_time_step = (sizes.batch_first ? 1 : sizes.batch) * gates;
  layer.gate_batch_step = (sizes.batch_first ? sizes.steps : 1) * gates;
  layer.y_time_step = (sizes.batch_first ? 1 : sizes.batch) * sizes.directions * hidden;
  layer.y_batch_step = (sizes.batch_first ? sizes.steps * sizes.directions : 1) * hidden;
  layer.state_batch_step = (sizes.batch_first ? sizes.directions : 1) * hidden;
  const ptrdiff_t y_offset = ptrdiff_t{direction} * (sizes.batch_first ? 1 : sizes.batch) * hidden;

  const Buffer bias = node.has(kB) ? bias_rows(node, layer, direction) : kNoBuffer;
  const Result<Buffer> input_panels = weight_panels(node, kW, direction, 0, gates, "W");
  if (!input_panels.ok()) return input_panels.status();
  const Result<Buffer> panels =
      weight_panels(node, kR, direction, 0, gru ? 2 * hidden : gates, gru ? "Rzr" : "R");
  if (!panels.ok()) return panels.status();
  const Result<Buffer> candidate_panels =
      gru ? weight_panels(node, kR, direction, 2 * hidden, hidden, "Rn") : kNoBuffer;
  if (!candidate_panels.ok()) return candidate_panels.status();
  const Result<Buffer> gate_rows = float_scratch(node, int64_t{rows} * gates);
  if (!gate_rows.ok()) return gate_rows.status();
  const Result<Buffer> work = float_scratch(node, layer.work_count());
  if (!work.ok()) return work.status();
  // Without elements there is no address to add to.
  const auto buffer_of = [](const View& view) {
    return view.shape.count() > 0 ? view.buffer : kNoBuffer;
  };
  const auto given = [&](int input) {
    return node.has(input) ? buffer_of(node.input(input)) : kNoBuffer;
  };
  const auto wanted = [&](int output) {
    return node.wants(output) ? buffer_of(node.output(output)) : kNoBuffer;
  };
  const Buffer x = node.input(kX).buffer, lengths = given(kLengths), peepholes = given(kPeepholes);
  const Buffer initial_h = given(kInitialH), initial_c = given(kInitialC);
  const Buffer y = wanted(0), final_h = wanted(1);
  const Buffer final_c = layer.cell == RecurrentCell::kLstm ? wanted(2) : kNoBuffer;
  const Extent depth = sizes.input;
  node.run([=, input_panels = input_panels.value(), panels = panels.value(),
            candidate_panels = candidate_panels.value(), gate_rows = gate_rows.value(),
            work = work.value()](const Run& run) {
    const auto at = [&](Buffer buffer, ptrdiff_t offset) {
      return buffer == kNoBuffer ? nullptr : run.at(buffer) + offset;
    };
    kernels::gemm({rows, gates, depth, depth, gates}, run.at(x), run.at(input_panels), at(bias, 0),
                  run.at(gate_rows), {});
    kernels::RecurrentData data = {};
    data.gates = run.at(gate_rows);
    data.panels = run.at(panels);
    data.candidate_panels = at(candidate_panels, 0);
    data.candidate_bias = at(bias, gates);
    data.peepholes = at(peepholes, ptrdiff_t{direction} * 3 * hidden);
    data.lengths = lengths == kNoBuffer ? nullptr : run.at<int32_t>(lengths);
    data.initial_h = at(initial_h, y_offset);
    data.initial_c = at(initial_c, y_offset);
    data.final_h = at(final_h, y_offset);
    data.final_c = at(final_c, y_offset);
    data.y = at(y, y_offset);
    data.work = run.at(work);
    kernels::recurrent(layer, data);
  });
  return {};
}

}  // namespace

Status lower_recurrent(Lowering& node) {
  const Attributes& attributes = node.attributes();
  const RecurrentCell cell = cell_of(node.node());
  const Sizes sizes = sizes_of(attributes, node.input(kX).shape, node.input(kR).shape);
  const std::vector<RecurrentActivation> activations =
      activations_of(attributes, cell, sizes.directions).value();
  const size_t per_direction = activations.size() / static_cast<size_t>(sizes.directions);
  for (int direction = 0; direction < sizes.directions; ++direction) {
    Recurrent layer = {};
    layer.cell = cell;
    layer.steps = sizes.steps;
    layer.batch = sizes.batch;
    layer.hidden = sizes.hidden;
    layer.input_forget = attributes.integer("input_forget", 0) != 0;
    layer.linear_before_reset =
        cell == RecurrentCell::kGru && attributes.integer("linear_before_reset", 0) != 0;
    layer.clip = attributes.real("clip", 0);
    const RecurrentActivation* own = &activations[static_cast<size_t>(direction) * per_direction];
    layer.f = own[0];
    if (per_direction > 1) layer.g = own[1];
    if (per_direction > 2) layer.h = own[2];
    HEED_TRY(lower_direction(node, layer, direction, sizes));
  }
  return {};
}

}  // namespace heed

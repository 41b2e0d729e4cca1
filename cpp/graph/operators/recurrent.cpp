// LSTM, GRU and RNN.
#include "kernels/recurrent.h"

#include <algorithm>

#include "graph/operators/packing.h"
#include "kernels/gemm.h"
#include "kernels/pack_panels.h"

namespace heed {

namespace {

using kernels::Recurrent;
using kernels::RecurrentActivation;
using kernels::RecurrentCell;
using kernels::UnaryKind;

RecurrentCell cell_of(const NodeReader& node) {
  if (node.id() == OperatorId::kLSTM) return RecurrentCell::kLstm;
  return node.id() == OperatorId::kGRU ? RecurrentCell::kGru : RecurrentCell::kRnn;
}

// ONNX's inputs.
enum Input { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

struct NamedActivation {
  char name[16];
  UnaryKind kind;
  float alpha, beta;  // defaults
};
// Places in the list.
constexpr int kTanh = 1, kSigmoid = 2, kAffine = 3, kScaledTanh = 6;
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

// Compares without regard to case.
const NamedActivation* find_activation(const std::string& name) {
  for (const NamedActivation& known : kActivations) {
    size_t i = 0;
    while (i < name.size() && known.name[i] && ((name[i] ^ known.name[i]) & ~32) == 0) ++i;
    if (i == name.size() && !known.name[i]) return &known;
  }
  return nullptr;
}

constexpr int kMostActivations = 6;

// The activations of all directions: one, two or three for each. Parameters are listed in their
// order; each list goes on with defaults where it ends.
bool read_activations(NodeReader& node, int per_direction, int directions,
                      RecurrentActivation (&activations)[kMostActivations]) {
  const std::vector<std::string>* names = nullptr;
  if (const AttributeValue* given = node.node().attributes->find("activations")) {
    names = std::get_if<std::vector<std::string>>(given);
    if (names && names->empty()) names = nullptr;
  }
  const int count = directions * per_direction;
  if (names && static_cast<int>(names->size()) != count) {
    node.fail(Code::kInvalidGraph, "it has % activations, expected %", names->size(), count);
    return false;
  }
  const auto alphas = node.node().attributes->reals("activation_alpha"),
             betas = node.node().attributes->reals("activation_beta");
  for (int at = 0; at < count; ++at) {
    const auto i = static_cast<size_t>(at);
    const bool first = at % per_direction == 0 && per_direction > 1;
    const NamedActivation* found =
        names ? find_activation((*names)[i]) : &kActivations[first ? kSigmoid : kTanh];
    if (!found) {
      node.fail(Code::kInvalidGraph, "unknown activation %", std::string_view((*names)[i]));
      return false;
    }
    const float alpha = i < alphas.size() ? alphas[i] : found->alpha;
    const float beta = i < betas.size() ? betas[i] : found->beta;
    RecurrentActivation& activation = activations[at];
    activation = {{found->kind, alpha, beta, 1, 0}, 1};
    if (found == &kActivations[kAffine]) {
      activation.function.scale = alpha;
      activation.function.shift = beta;
    } else if (found == &kActivations[kScaledTanh]) {
      activation.function.scale = alpha;
      activation.input_scale = beta;
    }
  }
  return true;
}

enum Direction { kForward, kReverse, kBidirectional };

Direction direction_of(NodeReader& node) {
  return static_cast<Direction>(node.choice("direction", "forward|reverse|bidirectional"));
}

struct Sizes {
  bool batch_first = false;
  int directions = 1;
  Extent steps = 0, batch = 0, input = 0, hidden = 0;
};

// Of shapes that infer_recurrent has accepted.
Sizes sizes_of(NodeReader& node) {
  const Shape &x = node.shape(kX), &recurrence = node.shape(kR);
  Sizes sizes;
  sizes.batch_first = node.flag("layout");
  sizes.directions = direction_of(node) == kBidirectional ? 2 : 1;
  sizes.steps = x[sizes.batch_first ? 1 : 0];
  sizes.batch = x[sizes.batch_first ? 0 : 1];
  sizes.input = x[2];
  sizes.hidden = recurrence[2];
  return sizes;
}

int activations_per_direction(RecurrentCell cell) {
  return cell == RecurrentCell::kRnn ? 1 : cell == RecurrentCell::kGru ? 2 : 3;
}

}  // namespace

void infer_recurrent(Inference& node) {
  const RecurrentCell cell = cell_of(node);
  const Sizes sizes = sizes_of(node);
  const Shape &x = node.shape(kX), &recurrence = node.shape(kR);
  const Extent hidden = sizes.hidden;
  const int64_t hidden_size = node.integer("hidden_size", hidden);
  if (x.rank() != 3 || recurrence.rank() != 3 || hidden < 1 || sizes.input < 1 ||
      hidden_size != hidden) {
    return node.fail(Code::kWrongShape,
                     "X has the shape % and R %, expected rank 3, and hidden_size is %", x,
                     recurrence, hidden_size);
  }
  RecurrentActivation activations[kMostActivations];
  read_activations(node, activations_per_direction(cell), sizes.directions, activations);

  const Extent directions = sizes.directions;
  // The gates of all steps and the work memory (at most 8 rows) must fit a tensor. Sums over them
  // are then Extents as well.
  Dims gate_dims;
  gate_dims.add(sizes.steps);
  gate_dims.add(sizes.batch);
  gate_dims.add(8 * int64_t{hidden});
  Shape gate_shape;
  if (!node.make_shape(gate_dims, gate_shape)) return;
  const Extent gate_extent = kernels::gate_count(cell) * hidden;
  const Shape state = sizes.batch_first ? Shape{sizes.batch, directions, hidden}
                                        : Shape{directions, sizes.batch, hidden};
  for (int input = kX; input <= kPeepholes; ++input) {
    node.expect_dtype(input, input == kLengths ? DType::kI32 : DType::kF32);
  }
  node.expect_shape(kW, Shape{directions, gate_extent, sizes.input});
  node.expect_shape(kR, Shape{directions, gate_extent, hidden});
  node.expect_shape(kB, Shape{directions, 2 * gate_extent});
  node.expect_shape(kLengths, Shape{sizes.batch});
  node.expect_shape(kInitialH, state);
  node.expect_shape(kInitialC, state);
  node.expect_shape(kPeepholes, Shape{directions, 3 * hidden});

  Dims dims;
  dims.add(sizes.batch_first ? sizes.batch : sizes.steps);
  dims.add(sizes.batch_first ? sizes.steps : directions);
  dims.add(sizes.batch_first ? directions : sizes.batch);
  dims.add(hidden);
  node.set(0, DType::kF32, dims);
  node.set(1, DType::kF32, state);
  if (cell == RecurrentCell::kLstm) node.set(2, DType::kF32, state);
}

namespace {

// Rows first..first + count of matrix `direction` of input `index` [directions, rows, depth],
// transposed, as panels.
Buffer weight_panels(Lowering& node, int index, int direction, Extent first, Extent count,
                     const char* name) {
  const Shape& shape = node.shape(index);
  const Extent depth = shape[2];
  const ptrdiff_t offset = (ptrdiff_t{direction} * shape[1] + first) * depth;
  return pack_weights(
      node, index, join("recurrent.", name, direction), kernels::panels_count(depth, count),
      PackedForm::kOnly, [=](const float* from, float* to) {
        kernels::pack_panels(kernels::matrix_source(from + offset, depth, 1, depth), count, to);
      });
}

// [gates] sums of the biases of W and of R, then `hidden` values: the candidate's recurrent bias,
// which with linear_before_reset belongs to the products with R and not to the sum.
Buffer bias_rows(Lowering& node, const Recurrent& layer, int direction) {
  const Extent gates = layer.gates(), hidden = layer.hidden;
  if (!node.has(kB)) return kNoBuffer;
  const Buffer rows = node.scratch(gates + hidden), from = node.input_buffer(kB);
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
void lower_direction(Lowering& node, Recurrent layer, int direction, const Sizes& sizes) {
  const Extent rows = sizes.steps * sizes.batch, gates = layer.gates(), hidden = layer.hidden;
  const bool gru = layer.cell == RecurrentCell::kGru;
  layer.reverse = direction == 1 || direction_of(node) == kReverse;
  layer.gate_time_step = (sizes.batch_first ? 1 : sizes.batch) * gates;
  layer.gate_batch_step = (sizes.batch_first ? sizes.steps : 1) * gates;
  layer.y_time_step = (sizes.batch_first ? 1 : sizes.batch) * sizes.directions * hidden;
  layer.y_batch_step = (sizes.batch_first ? sizes.steps * sizes.directions : 1) * hidden;
  layer.state_batch_step = (sizes.batch_first ? sizes.directions : 1) * hidden;
  const ptrdiff_t y_offset = ptrdiff_t{direction} * (sizes.batch_first ? 1 : sizes.batch) * hidden;

  const Buffer bias = bias_rows(node, layer, direction);
  const Buffer input_panels = weight_panels(node, kW, direction, 0, gates, "W");
  const Buffer panels =
      weight_panels(node, kR, direction, 0, gru ? 2 * hidden : gates, gru ? "Rzr" : "R");
  const Buffer candidate_panels =
      gru ? weight_panels(node, kR, direction, 2 * hidden, hidden, "Rn") : kNoBuffer;
  const Buffer gate_rows = node.scratch(int64_t{rows} * gates);
  const Buffer work = node.scratch(layer.work_count());
  // Without elements there is no address to add to.
  const auto given = [&](int input) {
    return node.has(input) && node.shape(input).count() > 0 ? node.input_buffer(input) : kNoBuffer;
  };
  const auto wanted = [&](int output) {
    const View view = node.output(output);
    return view.shape.count() > 0 ? view.buffer : kNoBuffer;
  };
  const Buffer x = node.input_buffer(kX), lengths = given(kLengths), peepholes = given(kPeepholes);
  const Buffer initial_h = given(kInitialH), initial_c = given(kInitialC);
  const Buffer y = wanted(0), final_h = wanted(1);
  const Buffer final_c = layer.cell == RecurrentCell::kLstm ? wanted(2) : kNoBuffer;
  const Extent depth = sizes.input;
  node.run([=](const Run& run) {
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
    data.lengths = run.at<int32_t>(lengths);
    data.initial_h = at(initial_h, y_offset);
    data.initial_c = at(initial_c, y_offset);
    data.final_h = at(final_h, y_offset);
    data.final_c = at(final_c, y_offset);
    data.y = at(y, y_offset);
    data.work = run.at(work);
    kernels::recurrent(layer, data);
  });
}

}  // namespace

void lower_recurrent(Lowering& node) {
  const RecurrentCell cell = cell_of(node);
  const Sizes sizes = sizes_of(node);
  const int per_direction = activations_per_direction(cell);
  RecurrentActivation activations[kMostActivations];
  read_activations(node, per_direction, sizes.directions, activations);
  for (int direction = 0; direction < sizes.directions; ++direction) {
    Recurrent layer = {};
    layer.cell = cell;
    layer.steps = sizes.steps;
    layer.batch = sizes.batch;
    layer.hidden = sizes.hidden;
    layer.input_forget = node.flag("input_forget");
    layer.linear_before_reset = cell == RecurrentCell::kGru && node.flag("linear_before_reset");
    layer.clip = node.real("clip", 0);
    const RecurrentActivation* own = &activations[direction * per_direction];
    layer.f = own[0];
    if (per_direction > 1) layer.g = own[1];
    if (per_direction > 2) layer.h = own[2];
    lower_direction(node, layer, direction, sizes);
  }
}

}  // namespace heed

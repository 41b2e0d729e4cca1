// ScaledDotProduct, the fused step of self-attention, and ONNX's Attention, on the same kernel.
#include "kernels/attention.h"

#include <cmath>

#include "graph/operators/arguments.h"
#include "graph/operators/elementwise_loop.h"
#include "kernels/copy.h"

namespace heed {

namespace {

using kernels::AttentionSteps;
using kernels::MaskKind;
using kernels::ScoresStage;

// How queries, keys and values lie in their tensors (h heads of width d, L queries, S keys).
enum class Form : uint8_t {
  kHeads,     // (B, h, L, d)
  kTokens,    // (B, L, h * d)
  kPacked,    // q = (B, L, 3 * h * d), ordered (3, h, d)
  kChannels,  // (B, h * d, spatial axes...): every position is a token
};

struct FormName {
  std::string_view name;
  Form form;
};
constexpr FormName kForms[] = {{"heads", Form::kHeads},
                               {"tokens", Form::kTokens},
                               {"packed", Form::kPacked},
                               {"channels", Form::kChannels}};

// The extents of one operand.
struct Operand {
  Extent batch = 0, heads = 0, rows = 0, width = 0;
};

// `heads`: of an operand whose shape does not tell them.
Result<Operand> operand(const Shape& shape, Form form, int64_t heads) {
  const bool fits = form == Form::kHeads      ? shape.rank() == 4
                    : form == Form::kChannels ? shape.rank() >= 3
                                              : shape.rank() == 3;
  if (!fits) return error(Code::kWrongShape, "attention of a tensor of the shape ", shape);
  if (form == Form::kHeads) return Operand{shape[0], shape[1], shape[2], shape[3]};
  const Extent channels = form == Form::kChannels ? shape[1] : shape[2];
  const int64_t parts = form == Form::kPacked ? 3 : 1;
  if (heads < 1 || heads > INT32_MAX / 3 || channels % (heads * parts) != 0) {
    return error(Code::kWrongShape, channels, " channels in ", parts * heads, " heads");
  }
  const Extent rows = form == Form::kChannels ? shape.count(2, shape.rank()) : shape[1];
  return Operand{shape[0], static_cast<Extent>(heads), rows,
                 static_cast<Extent>(channels / (heads * parts))};
}

// Sets output 0 to the shape of an operand; in the channels form its spatial axes are those of the
// queries.
Status set_result(Inference& node, const Operand& extents, Form form) {
  const int64_t channels = int64_t{extents.heads} * extents.width;
  std::vector<int64_t> dims = {extents.batch, extents.rows, channels};
  if (form == Form::kHeads) dims = {extents.batch, extents.heads, extents.rows, extents.width};
  if (form == Form::kChannels) {
    dims.assign(node.shape(0).begin(), node.shape(0).end());
    dims[1] = channels;
  }
  return set_shape(node, DType::kF32, dims);
}

AttentionSteps steps_of(const View& view, Form form, Extent width) {
  const Strides& s = view.strides;
  if (form == Form::kHeads) return {s[0], s[1], s[2], s[3]};
  const int row = form == Form::kChannels ? view.shape.rank() - 1 : 1;
  const Extent element = s[form == Form::kChannels ? 1 : 2];
  return {s[0], element * width, s[row], element};
}

// Steps of a tensor that broadcasts to (batch, heads, queries, keys).
AttentionSteps broadcast_steps(const View& view, const Shape& scores) {
  const Strides s = broadcast_strides(view, scores);
  return {s[0], s[1], s[2], s[3]};
}

// Sets the extents; checks that they agree.
Status set_extents(const Operand& q, const Operand& k, const Operand& v, Extent past,
                   kernels::Attention& attention) {
  if (q.batch != k.batch || q.batch != v.batch || k.rows != v.rows || k.heads != v.heads ||
      q.width != k.width || k.heads < 1 || q.heads % k.heads != 0) {
    return error(Code::kWrongShape, "attention of ", q.heads, " heads of ", q.rows, " queries of ",
                 q.width, " with ", k.heads, " heads of ", k.rows, " keys of ", k.width, " and ",
                 v.heads, " heads of ", v.rows, " values");
  }
  if (int64_t{past} + k.rows > INT32_MAX) return error(Code::kOutOfMemory, "too many keys");
  attention.batch = q.batch;
  attention.heads = q.heads;
  attention.kv_heads = k.heads;
  attention.queries = q.rows;
  attention.keys = past + k.rows;
  attention.width = q.width;
  attention.value_width = v.width;
  if (kernels::attention_scratch(attention) > INT32_MAX / 4) {
    return error(Code::kOutOfMemory, "attention of ", attention.keys, " keys");
  }
  return {};
}

Shape scores_shape(const kernels::Attention& attention) {
  return {attention.batch, attention.heads, attention.queries, attention.keys};
}

Status set_output(Inference& node, int output, const Shape& shape) {
  const std::vector<int64_t> dims(shape.begin(), shape.end());
  const Result<Shape> checked = Shape::make(dims);
  if (!checked.ok()) return checked.status();
  node.set(output, DType::kF32, checked.value());
  return {};
}

Status check_float(const Inference& node, std::initializer_list<int> inputs) {
  for (int input : inputs) {
    if (node.has(input) && node.dtype(input) != DType::kF32) {
      return error(Code::kUnsupportedType, node.node().op->name, " of ",
                   dtype_name(node.dtype(input)));
    }
  }
  return {};
}

// The mask is input 3. `short_mask`: its last axis may cover the first keys only; `window_mask`:
// its first may divide the batch.
Status check_mask(const Inference& node, const kernels::Attention& attention, bool short_mask,
                  bool window_mask) {
  if (!node.has(3)) return {};
  if (node.dtype(3) != DType::kF32 && node.dtype(3) != DType::kBool) {
    return error(Code::kUnsupportedType, "a mask of ", dtype_name(node.dtype(3)));
  }
  Shape mask = node.shape(3);
  const Shape scores = scores_shape(attention);
  const int rank = mask.rank();
  if (short_mask && rank > 0 && mask[rank - 1] > 1 && mask[rank - 1] < attention.keys) {
    mask[rank - 1] = attention.keys;
  }
  if (window_mask && rank == 4 && mask[0] > 0 && attention.batch % mask[0] == 0) mask[0] = 1;
  const Result<Shape> both = broadcast(mask, scores);
  if (both.ok() && both.value() == scores) return {};
  return error(Code::kWrongShape, "the mask ", node.shape(3), " does not broadcast to ", scores);
}

void set_mask(Lowering& node, kernels::Attention& attention, Buffer& buffer) {
  if (!node.has(3)) return;
  View mask = node.input(3);
  buffer = mask.buffer;
  attention.mask_kind = mask.dtype == DType::kBool ? MaskKind::kAllow : MaskKind::kAdd;
  attention.mask = broadcast_steps(mask, scores_shape(attention));
  const int rank = mask.shape.rank();
  if (rank > 0 && mask.shape[rank - 1] > 1) attention.mask_keys = mask.shape[rank - 1];
  if (rank == 4) attention.mask_batches = std::max<Extent>(1, mask.shape[0]);
}

// Where the kernel's operands are. `first` is an offset in floats.
struct Place {
  Buffer buffer = kNoBuffer;
  Extent first = 0;
};

void run_attention(Lowering& node, const kernels::Attention& attention, const Place& q,
                   const Place& k, const Place& v, Buffer mask, Buffer y, Buffer scores) {
  const Buffer scratch =
      node.scratch(static_cast<size_t>(kernels::attention_scratch(attention)) * sizeof(float));
  node.run([=](const Run& run) {
    kernels::attention(attention, run.at<float>(q.buffer) + q.first,
                       run.at<float>(k.buffer) + k.first, run.at<float>(v.buffer) + v.first,
                       mask == kNoBuffer ? nullptr : run.at<std::byte>(mask), run.at<float>(y),
                       scores == kNoBuffer ? nullptr : run.at<float>(scores),
                       run.at<float>(scratch));
  });
}

Result<Form> form_of(const Attributes& attributes) {
  const std::string_view text = attributes.text("form", "heads");
  for (const FormName& entry : kForms) {
    if (entry.name == text) return entry.form;
  }
  return error(Code::kInvalidGraph, "ScaledDotProduct has the unknown form ", text);
}

// What shapes and attributes of a ScaledDotProduct say.
Status read_scaled_dot_product(const Attributes& attributes, Form form, const Shape& q,
                               const Shape& k, const Shape& v, kernels::Attention& attention) {
  const int64_t heads = attributes.integer("heads", 1);
  const int64_t kv_heads = attributes.integer("kv_heads", heads);
  const Result<Operand> queries = operand(q, form, heads);
  const Result<Operand> keys = operand(k, form, kv_heads);
  const Result<Operand> values = operand(v, form, kv_heads);
  for (const Result<Operand>* part : {&queries, &keys, &values}) {
    if (!part->ok()) return part->status();
  }
  HEED_TRY(set_extents(queries.value(), keys.value(), values.value(), 0, attention));
  const float width = static_cast<float>(std::max<Extent>(1, attention.width));
  attention.scale = attributes.real("scale", 1 / std::sqrt(width));
  attention.causal = attributes.integer("causal", 0) != 0;
  attention.zero_empty_rows = attributes.text("empty_rows", "nan") == "zero";
  return {};
}

}  // namespace

Status infer_scaled_dot_product(Inference& node) {
  HEED_TRY(check_first_output(node));
  const Result<Form> form = form_of(node.attributes());
  if (!form.ok()) return form.status();
  HEED_TRY(check_float(node, {0, 1, 2}));
  const bool packed = form.value() == Form::kPacked;
  if (packed ? node.has(1) || node.has(2) : !node.has(1) || !node.has(2)) {
    return error(Code::kInvalidGraph, "keys and values must be given unless they are packed");
  }
  const Shape& q = node.shape(0);
  kernels::Attention attention;
  HEED_TRY(read_scaled_dot_product(node.attributes(), form.value(), q, node.shape(packed ? 0 : 1),
                                   node.shape(packed ? 0 : 2), attention));
  HEED_TRY(check_mask(node, attention, false, true));
  const Operand result = {attention.batch, attention.heads, attention.queries,
                          attention.value_width};
  HEED_TRY(set_result(node, result, form.value()));
  if (node.output_count() < 2) return {};
  return set_output(node, 1, scores_shape(attention));
}

Status lower_scaled_dot_product(Lowering& node) {
  const Form form = form_of(node.attributes()).value();
  const bool packed = form == Form::kPacked;
  const View q = node.input(0), k = node.input(packed ? 0 : 1), v = node.input(packed ? 0 : 2);
  const View y = node.output(0);
  kernels::Attention attention;
  HEED_TRY(read_scaled_dot_product(node.attributes(), form, q.shape, k.shape, v.shape, attention));
  attention.q = steps_of(q, form, attention.width);
  attention.k = steps_of(k, form, attention.width);
  attention.v = steps_of(v, form, attention.value_width);
  attention.y = steps_of(y, form, attention.value_width);
  Buffer mask = kNoBuffer, map = kNoBuffer;
  set_mask(node, attention, mask);
  if (node.wants(1)) {
    const View scores = node.output(1);
    attention.scores = broadcast_steps(scores, scores.shape);
    map = scores.buffer;
  }
  // In the packed form keys and values follow in the same tensor.
  const Extent part = packed ? attention.heads * attention.width * attention.q.element : 0;
  run_attention(node, attention, {q.buffer, 0}, {k.buffer, part}, {v.buffer, 2 * part}, mask,
                y.buffer, map);
  return {};
}

namespace {

Status read_attention(const Attributes& attributes, const Shape& q, const Shape& k, const Shape& v,
                      Extent past, kernels::Attention& attention) {
  const Form form = q.rank() == 4 ? Form::kHeads : Form::kTokens;
  const Result<Operand> queries = operand(q, form, attributes.integer("q_num_heads", 0));
  const Result<Operand> keys = operand(k, form, attributes.integer("kv_num_heads", 0));
  const Result<Operand> values = operand(v, form, attributes.integer("kv_num_heads", 0));
  for (const Result<Operand>* part : {&queries, &keys, &values}) {
    if (!part->ok()) return part->status();
  }
  HEED_TRY(set_extents(queries.value(), keys.value(), values.value(), past, attention));
  const float width = static_cast<float>(std::max<Extent>(1, attention.width));
  attention.scale = attributes.real("scale", 1 / std::sqrt(width));
  attention.soft_cap = attributes.real("softcap", 0);
  attention.causal = attributes.integer("is_causal", 0) != 0;
  attention.causal_offset = past;
  attention.zero_empty_rows = true;
  const int64_t stage = attributes.integer("qk_matmul_output_mode", 0);
  if (stage < 0 || stage > 3) {
    return error(Code::kInvalidGraph, "qk_matmul_output_mode is ", stage);
  }
  attention.scores_stage = static_cast<ScoresStage>(stage);
  return {};
}

// Keys (or values) as (B, h, S, d): copies of the past and of what is new, one behind the other;
// `to` is that tensor.
void run_append(Lowering& node, const Operand& extents, const AttentionSteps& steps, Buffer from,
                Extent past, Buffer to) {
  const Shape all = {extents.batch, extents.heads, extents.rows + past, extents.width};
  const Shape added = {extents.batch, extents.heads, extents.rows, extents.width};
  const Strides target = strides_of(all);
  Strides source;
  const Extent values[] = {steps.batch, steps.head, steps.row, steps.element};
  for (int axis = 0; axis < 4; ++axis) source[axis] = values[axis];
  const kernels::StridedCopy copy = kernels::make_copy(added, source, target);
  node.run([=, first = past * extents.width](const Run& run) {
    kernels::copy_strided(copy, run.at<float>(from), run.at<float>(to) + first, sizeof(float));
  });
}

}  // namespace

// Attention(Q, K, V, mask?, past key?, past value?) -> Y, present key, present value, scores.
Status infer_attention(Inference& node) {
  HEED_TRY(check_first_output(node));
  HEED_TRY(check_float(node, {0, 1, 2, 4, 5}));
  if (node.has(4) != node.has(5)) {
    return error(Code::kInvalidGraph, "a past key needs a past value, and the other way round");
  }
  const Shape& q = node.shape(0);
  if (node.shape(1).rank() != q.rank() || node.shape(2).rank() != q.rank()) {
    return error(Code::kWrongShape, "queries ", q, ", keys ", node.shape(1), " and values ",
                 node.shape(2), " differ in rank");
  }
  const Extent past = node.has(4) && node.shape(4).rank() == 4 ? node.shape(4)[2] : 0;
  kernels::Attention attention;
  HEED_TRY(read_attention(node.attributes(), q, node.shape(1), node.shape(2), past, attention));
  if (node.has(4)) {
    const Shape past_key = {attention.batch, attention.kv_heads, past, attention.width};
    const Shape past_value = {attention.batch, attention.kv_heads, past, attention.value_width};
    if (!(node.shape(4) == past_key) || !(node.shape(5) == past_value)) {
      return error(Code::kWrongShape, "past keys ", node.shape(4), " and values ", node.shape(5),
                   ", expected ", past_key, " and ", past_value);
    }
  }
  HEED_TRY(check_mask(node, attention, true, false));
  const Form form = q.rank() == 4 ? Form::kHeads : Form::kTokens;
  const Operand result = {attention.batch, attention.heads, attention.queries,
                          attention.value_width};
  HEED_TRY(set_result(node, result, form));
  Shape present = {attention.batch, attention.kv_heads, attention.keys, attention.width};
  HEED_TRY(set_output(node, 1, present));
  present[3] = attention.value_width;
  HEED_TRY(set_output(node, 2, present));
  return node.output_count() > 3 ? set_output(node, 3, scores_shape(attention)) : Status{};
}

Status lower_attention(Lowering& node) {
  const View q = node.input(0), y = node.output(0);
  const Form form = q.shape.rank() == 4 ? Form::kHeads : Form::kTokens;
  const Extent past = node.has(4) ? node.input(4).shape[2] : 0;
  kernels::Attention attention;
  HEED_TRY(read_attention(node.attributes(), q.shape, node.input(1).shape, node.input(2).shape,
                          past, attention));
  attention.q = steps_of(q, form, attention.width);
  attention.y = steps_of(y, form, attention.value_width);
  Place places[2];
  AttentionSteps* const steps[2] = {&attention.k, &attention.v};
  for (int i = 0; i < 2; ++i) {
    const View added = node.input(1 + i);
    const Extent width = i == 0 ? attention.width : attention.value_width;
    *steps[i] = steps_of(added, form, width);
    places[i].buffer = added.buffer;
    if (!node.has(4) && !node.wants(1 + i)) continue;
    const Operand extents = {attention.batch, attention.kv_heads, attention.keys - past, width};
    const Shape present = {attention.batch, attention.kv_heads, attention.keys, width};
    const Buffer to = node.wants(1 + i)
                          ? node.output(1 + i).buffer
                          : node.scratch(static_cast<size_t>(present.count()) * sizeof(float));
    run_append(node, extents, *steps[i], added.buffer, past, to);
    if (node.has(4)) {
      // The past stands in front of what was just copied.
      const Shape before = {extents.batch, extents.heads, past, width};
      const kernels::StridedCopy copy =
          kernels::make_copy(before, strides_of(before), strides_of(present));
      node.run([=, from = node.input(4 + i).buffer](const Run& run) {
        kernels::copy_strided(copy, run.at<float>(from), run.at<float>(to), sizeof(float));
      });
    }
    const Strides s = strides_of(present);
    *steps[i] = {s[0], s[1], s[2], s[3]};
    places[i].buffer = to;
  }
  Buffer mask = kNoBuffer, scores = kNoBuffer;
  set_mask(node, attention, mask);
  if (node.wants(3)) {
    const View view = node.output(3);
    attention.scores = broadcast_steps(view, view.shape);
    scores = view.buffer;
  }
  run_attention(node, attention, {q.buffer, 0}, places[0], places[1], mask, y.buffer, scores);
  return {};
}

}  // namespace heed

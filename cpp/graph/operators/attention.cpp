// ScaledDotProduct, the fused step of self-attention, and ONNX's Attention, on the same kernel.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "graph/operators/copy_task.h"
#include "graph/operators/elementwise_loop.h"

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
  kPlanes,    // (B, L, spatial axes...), one head: every channel is a token
};

Form form_of(NodeReader& node) {
  if (node.id() == OperatorId::kAttention) {
    return node.shape(0).rank() == 4 ? Form::kHeads : Form::kTokens;
  }
  return static_cast<Form>(node.choice("form", "heads|tokens|packed|channels|planes"));
}

// The extents of one operand.
struct Operand {
  Extent batch = 0, heads = 0, rows = 0, width = 0;
};

// `heads`: of an operand whose shape does not tell them.
Operand operand(NodeReader& node, int input, Form form, int64_t heads) {
  const Shape& shape = node.shape(input);
  const int rank = shape.rank();
  if (form == Form::kHeads && rank == 4) return {shape[0], shape[1], shape[2], shape[3]};
  if (form == Form::kPlanes && rank >= 3 && heads == 1) {
    return {shape[0], 1, shape[1], shape.count(2, rank)};
  }
  const bool channels_first = form == Form::kChannels;
  const Extent channels = shape[channels_first ? 1 : 2];
  const int64_t parts = form == Form::kPacked ? 3 : 1;
  if (form == Form::kHeads || form == Form::kPlanes || (channels_first ? rank < 3 : rank != 3) ||
      heads < 1 || heads > INT32_MAX / 3 || channels % (heads * parts) != 0) {
    node.fail(Code::kWrongShape, "attention of a tensor of the shape % in % heads", shape,
              heads * parts);
    return {};
  }
  const Extent rows = channels_first ? shape.count(2, rank) : shape[1];
  return {shape[0], static_cast<Extent>(heads), rows,
          static_cast<Extent>(channels / (heads * parts))};
}

AttentionSteps plain_steps(const Strides& s) { return {s[0], s[1], s[2], s[3]}; }

AttentionSteps steps_of(const View& view, Form form, Extent width) {
  const Strides& s = view.strides;
  if (form == Form::kHeads) return plain_steps(s);
  const int last = view.shape.rank() - 1;
  if (form == Form::kPlanes) return {s[0], 0, s[1], s[last]};
  const int row = form == Form::kChannels ? last : 1;
  const Extent element = s[form == Form::kChannels ? 1 : 2];
  return {s[0], element * width, s[row], element};
}

Shape scores_shape(const kernels::Attention& attention) {
  return {attention.batch, attention.heads, attention.queries, attention.keys};
}

// Keys of all rows, or (with the width of a value) values, as (B, h, S, d).
Shape present_shape(const kernels::Attention& attention, Extent rows, Extent width) {
  return {attention.batch, attention.kv_heads, rows, width};
}

// What shapes and attributes say, with `past` keys in front of those given: the extents, which
// agree, the scale and the rules of masking.
bool read_attention(NodeReader& node, Form form, Extent past, kernels::Attention& attention) {
  const bool fused = node.id() == OperatorId::kScaledDotProduct;
  const int64_t heads = node.integer(fused ? "heads" : "q_num_heads", fused ? 1 : 0);
  const int64_t kv_heads = node.integer(fused ? "kv_heads" : "kv_num_heads", fused ? heads : 0);
  const bool packed = form == Form::kPacked;
  const Operand q = operand(node, 0, form, heads);
  const Operand k = operand(node, packed ? 0 : 1, form, kv_heads);
  const Operand v = operand(node, packed ? 0 : 2, form, kv_heads);
  if (!node.ok()) return false;
  if (q.batch != k.batch || q.batch != v.batch || k.rows != v.rows || k.heads != v.heads ||
      q.width != k.width || k.heads < 1 || q.heads % k.heads != 0 ||
      (form == Form::kPlanes && q.width != v.width)) {
    node.fail(Code::kWrongShape,
              "attention of % heads of % queries of % with % heads of % keys of % and % heads of % "
              "values",
              q.heads, q.rows, q.width, k.heads, k.rows, k.width, v.heads, v.rows);
    return false;
  }
  attention.batch = q.batch;
  attention.heads = q.heads;
  attention.kv_heads = k.heads;
  attention.queries = q.rows;
  attention.keys = static_cast<Extent>(std::min<int64_t>(int64_t{past} + k.rows, INT32_MAX));
  attention.width = q.width;
  attention.value_width = v.width;
  if (attention.keys == INT32_MAX || kernels::attention_scratch(attention) > INT32_MAX / 4) {
    node.fail(Code::kOutOfMemory, "attention of % keys", attention.keys);
    return false;
  }
  const float width = static_cast<float>(std::max<Extent>(1, attention.width));
  attention.scale = node.real("scale", 1 / std::sqrt(width));
  attention.causal = node.flag(fused ? "causal" : "is_causal");
  if (fused) {
    if (node.integer("causal", 0) == 2)
      attention.causal_offset = attention.keys - attention.queries;
    attention.zero_empty_rows = node.choice("empty_rows", "nan|zero") == 1;
    attention.free_keys =
        static_cast<Extent>(std::clamp<int64_t>(node.integer("free_keys", 0), 0, attention.keys));
    return true;
  }
  attention.zero_empty_rows = true;
  attention.soft_cap = node.real("softcap", 0);
  attention.causal_offset = past;
  const int64_t stage = node.integer("qk_matmul_output_mode", 0);
  if (stage < 0 || stage > 3) {
    node.fail(Code::kInvalidGraph, "qk_matmul_output_mode is %, expected 0..3", stage);
  }
  attention.scores_stage = static_cast<ScoresStage>(stage & 3);
  return node.ok();
}

// PyTorch's masks (B * h, L, S) of ScaledDotProduct are (B, h, L, S).
bool has_joined_heads(const NodeReader& node, const Shape& mask,
                      const kernels::Attention& attention) {
  return node.id() == OperatorId::kScaledDotProduct && mask.rank() == 3 &&
         mask[0] == int64_t{attention.batch} * attention.heads;
}

// Of ScaledDotProduct's first mask, where it has values for rows and columns of keys: how many
// columns; else 0.
Extent mask_columns(const NodeReader& node, int input) {
  return input == 3 ? static_cast<Extent>(node.integer("mask_columns", 0)) : 0;
}

// What a mask broadcasts to.
Shape mask_shape(const NodeReader& node, int input, const kernels::Attention& attention) {
  Shape shape = scores_shape(attention);
  const Extent columns = mask_columns(node, input);
  shape[3] = columns > 0 ? attention.keys / columns + columns : shape[3] - attention.free_keys;
  return shape;
}

// A mask, which may be left out. In Attention its last axis may cover the first keys only; in
// ScaledDotProduct its first may divide the batch (windows).
void check_mask(Inference& node, int input, const kernels::Attention& attention) {
  if (!node.has(input)) return;
  const DType dtype = node.dtype(input);
  if (dtype != DType::kBool && dtype != DType::kF32) node.unsupported_type(input);
  Shape mask = node.shape(input);
  const Shape scores = mask_shape(node, input, attention);
  const int rank = mask.rank();
  const Extent columns = mask_columns(node, input);
  if (columns != 0 && (columns < 0 || attention.keys % columns != 0 || dtype != DType::kF32 ||
                       rank == 0 || mask[rank - 1] != scores[3])) {
    return node.fail(Code::kWrongShape, "a mask of the shape % does not fit % keys in % columns",
                     mask, attention.keys, columns);
  }
  if (has_joined_heads(node, mask, attention)) {
    mask[0] = attention.heads;
  } else if (node.id() == OperatorId::kAttention) {
    if (rank > 0 && mask[rank - 1] > 1 && mask[rank - 1] < attention.keys) {
      mask[rank - 1] = attention.keys;
    }
  } else if (rank == 4 && mask[0] > 0 && attention.batch % mask[0] == 0) {
    mask[0] = 1;
  }
  node.expect_broadcast(mask, scores);
}

// Output 0 has the form of the queries; output `scores` is the map.
void set_results(Inference& node, Form form, const kernels::Attention& attention, int scores) {
  const int64_t channels = int64_t{attention.heads} * attention.value_width;
  Dims dims(node.shape(0));
  if (form == Form::kHeads) {
    dims.extents[3] = attention.value_width;
  } else if (form != Form::kPlanes) {
    dims.extents[form == Form::kChannels ? 1 : 2] = channels;
  }
  node.set(0, DType::kF32, dims);
  if (node.output_count() > scores) node.set(scores, DType::kF32, Dims(scores_shape(attention)));
}

// Adds the task of the kernel. `scores_output` is the map's.
void run_attention(Lowering& node, kernels::Attention& attention, Form form, const Place& k,
                   const Place& v, int scores_output) {
  const View q = node.input(0), y = node.output(0);
  attention.q = steps_of(q, form, attention.width);
  attention.y = steps_of(y, form, attention.value_width);
  const bool fused = node.id() == OperatorId::kScaledDotProduct;
  const Buffer masks[2] = {node.input_buffer(3), fused ? node.input_buffer(4) : kNoBuffer};
  for (int i = 0; i < 2; ++i) {
    if (masks[i] == kNoBuffer) continue;
    View view = node.input(3 + i);
    if (has_joined_heads(node, view.shape, attention)) {
      const Strides& s = view.strides;
      view.strides = {{attention.heads * s[0], s[0], s[1], s[2]}};
      view.shape = {attention.batch, attention.heads, view.shape[1], view.shape[2]};
    }
    const int rank = view.shape.rank();
    kernels::Mask& mask = attention.masks[i];
    mask.kind = view.dtype != DType::kBool ? MaskKind::kAdd
                : node.flag("mask_blocks") ? MaskKind::kBlock
                                           : MaskKind::kAllow;
    mask.columns = mask_columns(node, 3 + i);
    mask.steps = plain_steps(broadcast_strides(view, mask_shape(node, 3 + i, attention)));
    if (rank > 0 && view.shape[rank - 1] > 1 && !fused) {
      attention.mask_keys = view.shape[rank - 1];
    }
    if (rank == 4) mask.batches = std::max<Extent>(1, view.shape[0]);
  }
  const View scores = node.output(scores_output);
  if (scores.buffer != kNoBuffer) {
    attention.scores = plain_steps(broadcast_strides(scores, scores.shape));
  }
  const Buffer scratch = node.scratch(kernels::attention_scratch(attention));
  node.run([=, attention = attention, q = q.buffer, y = y.buffer, scores = scores.buffer,
            first = masks[0], second = masks[1]](const Run& run) {
    const void* const masks[] = {run.at<std::byte>(first), run.at<std::byte>(second)};
    kernels::attention(attention, run.at(q), run.at(k.buffer) + k.offset,
                       run.at(v.buffer) + v.offset, masks, run.at(y), run.at(scores),
                       run.at(scratch));
  });
}

}  // namespace

void infer_scaled_dot_product(Inference& node) {
  node.expect_first_output();
  node.expect_floats(3);
  const Form form = form_of(node);
  const bool packed = form == Form::kPacked;
  if (packed ? node.has(1) || node.has(2) : !node.has(1) || !node.has(2)) {
    return node.fail(Code::kInvalidGraph, "keys and values must be given unless they are packed");
  }
  kernels::Attention attention;
  if (!read_attention(node, form, 0, attention)) return;
  check_mask(node, 3, attention);
  check_mask(node, 4, attention);
  set_results(node, form, attention, 1);
}

void lower_scaled_dot_product(Lowering& node) {
  const Form form = form_of(node);
  const bool packed = form == Form::kPacked;
  const View k = node.input(packed ? 0 : 1), v = node.input(packed ? 0 : 2);
  kernels::Attention attention;
  read_attention(node, form, 0, attention);
  attention.k = steps_of(k, form, attention.width);
  attention.v = steps_of(v, form, attention.value_width);
  // In the packed form keys and values follow in the same tensor.
  const Extent part = packed ? attention.heads * attention.width * attention.k.element : 0;
  run_attention(node, attention, form, {k.buffer, part}, {v.buffer, 2 * part}, 1);
}

// Attention(Q, K, V, mask?, past key?, past value?) -> Y, present key, present value, scores.
void infer_attention(Inference& node) {
  node.expect_first_output();
  node.expect_floats(3);
  if (node.has(4) != node.has(5)) {
    return node.fail(Code::kInvalidGraph, "a past key needs a past value, and the other way round");
  }
  const Form form = form_of(node);
  const Extent past = node.has(4) ? node.shape(4)[2] : 0;
  kernels::Attention attention;
  if (!read_attention(node, form, past, attention)) return;
  for (int i = 0; i < 2; ++i) {
    const Extent width = i == 0 ? attention.width : attention.value_width;
    node.expect_dtype(4 + i, DType::kF32);
    node.expect_shape(4 + i, present_shape(attention, past, width));
    node.set(1 + i, DType::kF32, Dims(present_shape(attention, attention.keys, width)));
  }
  check_mask(node, 3, attention);
  set_results(node, form, attention, 3);
}

void lower_attention(Lowering& node) {
  const Form form = form_of(node);
  const Extent past = node.has(4) ? node.shape(4)[2] : 0;
  kernels::Attention attention;
  read_attention(node, form, past, attention);
  Place places[2];
  AttentionSteps* const steps[2] = {&attention.k, &attention.v};
  for (int i = 0; i < 2; ++i) {
    const View added = node.input(1 + i);
    const Extent width = i == 0 ? attention.width : attention.value_width;
    *steps[i] = steps_of(added, form, width);
    places[i].buffer = added.buffer;
    if (!node.has(4) && !node.wants(1 + i)) continue;
    // The present: what is new behind a copy of the past.
    const Shape present = present_shape(attention, attention.keys, width);
    const Strides target = strides_of(present);
    const Buffer to = node.wants(1 + i) ? node.output_buffer(1 + i) : node.scratch(present.count());
    const AttentionSteps& s = *steps[i];
    const Strides source = {{s.batch, s.head, s.row, s.element}};
    const Shape rows = present_shape(attention, attention.keys - past, width);
    run_copy(node, kernels::make_copy(rows, source, target), {added.buffer},
             {to, ptrdiff_t{past} * width}, sizeof(float));
    if (node.has(4)) {
      const Shape before = present_shape(attention, past, width);
      run_copy(node, kernels::make_copy(before, strides_of(before), target),
               {node.input_buffer(4 + i)}, {to}, sizeof(float));
    }
    *steps[i] = plain_steps(target);
    places[i].buffer = to;
  }
  run_attention(node, attention, form, places[0], places[1], 3);
}

}  // namespace heed

// The layer; multi_head_attention.cpp finds the mechanism in graphs from files.
#include "attention/recipes.h"

const char heed::attention::recipes::multi_head_attention_layer[] = R"(
# Layer norm, or the RMS norm, as the option says; and that of every head.
fn told_norm(x, place, width) {
  epsilon = num("epsilon", 1e-5)
  if $norm("layer|rms")
    RMSNormalization(x, weight("{place}weight", [width], 2), epsilon=epsilon, axis=-1)
  else layer_norm(x, place, width, epsilon)
}
fn norm_heads(x, place, width)
  Reshape(told_norm(Reshape(x, [0, 0, -1, width]), place, width), [0, 0, -1])

layer MultiHeadAttention {
  # The projections of queries, keys and values: one weight for all, or one for each.
  in_proj = has("in_proj_weight")
  apart = has("q_proj_weight")
  place = find("qkv|c_attn|query_key_value")
  transposed = place == "c_attn."
  # GPT-NeoX and BLOOM have all of a head side by side.
  by_heads = $fusedOrder ? $fusedOrder("parts|heads") : place == "query_key_value."
  name = in_proj ? "in_proj_weight" : "{place}weight"
  bias_name = in_proj or apart ? "in_proj_bias" : "{place}bias"
  fused = fresh() ? !$kvHeads : has(name)
  fn name_of(part) apart ? "{part}_proj_weight" : "{part}_proj.weight"
  channels = channels_of(fused ? name : name_of("q"), !transposed)

  # How many heads, and how wide: of queries and keys, and of values.
  heads = $heads(0)
  if !heads {
    invalid("the option 'heads' is missing")
    heads = 1
  }
  given = $kvHeads(0)
  kv_heads = given or heads
  count = fused ? heads + 2 * kv_heads : heads
  rows = fused ? extent(name, transposed, 3 * channels) : extent(name_of("q"), 0, channels)
  if rows % count wrong("a projection of {rows} rows does not divide into {heads} heads")
  width = max(1, rows // count)
  value_width = width
  if !fused and !fresh() {
    if !given kv_heads = max(1, extent(name_of("k"), 0) // width)
    value_width = max(1, extent(name_of("v"), 0) // kv_heads)
  }
  if heads % kv_heads wrong("{heads} heads of queries do not share {kv_heads} heads of keys")
  key_rows = kv_heads * width
  value_rows = kv_heads * value_width
  sizes = [heads * width, key_rows, value_rows]
  begins = [0, heads * width, heads * width + key_rows]
  all = begins[2] + value_rows

  # In PyTorch's order: rows are queries, keys, values.
  fn in_parts(t, columns)
    by_heads ? Reshape(Transpose(Reshape(t, [heads, 3, width] + columns),
                                 perm=columns ? [1, 0, 2, 3] : [1, 0, 2]), [-1] + columns)
             : t
  if fused {
    w = weight(name, transposed ? [channels, all] : [all, channels])
    w = in_parts(transposed ? Transpose(w, perm=[1, 0]) : w, [channels])
  }
  if fused or has(bias_name) {
    bias = optional(bias_name, [all], $bias(1, 0))
    if bias bias = in_parts(bias, [])
  }
  fn channels_for(i) i and !fused ? extent(name_of(["q", "k", "v"][i]), 1, channels) : channels
  fn project(x, i) {
    fn part(t) t and Slice(t, [begins[i]], [begins[i] + sizes[i]], [0])
    p = ["q", "k", "v"][i]
    MatMul(x, fused ? part(w) : weight(name_of(p), [sizes[i], channels_for(i)]),
           bias or fused ? part(bias) : optional("{p}_proj.bias", [sizes[i]], $bias(1, 0)), transB=1)
  }

  # Who attends to whom.
  batch_first = $batchFirst(1, 0)
  query = arg("query", batch_first ? "batch length {channels}" : "length batch {channels}")
  fn other(name, i, fallback) {
    if !given(name) and !more() return fallback
    c = channels_for(i)
    arg(name, batch_first ? "batch keys {c}" : "keys batch {c}")
  }
  key = other("key", 1, query)
  value = other("value", 2, key)
  cross = key != query
  fn turned(t) batch_first ? t : Transpose(t, perm=[1, 0, 2])
  x = turned(query)
  from = cross ? turned(key) : x
  of = value == key ? from : turned(value)

  # What is added to the keys.
  norms = $qkNorm(has("q_norm.weight"), 0)
  rotary = $rotary
  bias_kv = $addBiasKv(has("bias_k"), 0)
  zero = $addZeroAttention()
  free_keys = bias_kv + zero

  # Masks. PyTorch's say what is blocked, all others what is seen.
  mask = opt("attn_mask", "*")
  padding = opt("key_padding_mask", "batch keys")
  blocks = $trueMeans ? $trueMeans("attend|blocked") : fresh() or in_proj or apart
  causal = told_causal()
  if causal and free_keys {
    if !mask
      invalid("with added keys the option 'causal' needs the mask too, as PyTorch's is_causal does")
    causal = 0
  }
  capacity = $cache(0)
  if capacity and (cross or mask or padding or free_keys)
    invalid("a cache goes with causal self-attention, without masks and added keys")
  average = $averageHeads()
  scale = told_scale()
  interleaved = rotary and $rotary("half|interleaved")
  packed = fused and value == query and heads == kv_heads
       and !norms and !rotary and !free_keys and !capacity
  if packed q = MatMul(x, w, bias, transB=1)
  else {
    q = project(x, 0)
    k = project(from, 1)
    v = project(of, 2)
    if norms {
      q = norm_heads(q, "q_norm.", width)
      k = norm_heads(k, "k_norm.", width)
    }
    if rotary and !capacity {
      angles = rotary_positions(x, 1, width)
      q = rotate(q, angles, heads, interleaved)
      k = rotate(k, cross ? rotary_positions(from, 1, width) : angles, kv_heads, interleaved)
    }
    # `row` (1, 1, rows), or a number, behind the tokens of every batch.
    fn with_row(t, row, rows)
      Concat(t, Expand(row, Concat(Shape(t, end=1), [1, rows], axis=0)), axis=1)
    if bias_kv {
      k = with_row(k, weight("bias_k", [1, 1, key_rows]), key_rows)
      v = with_row(v, weight("bias_v", [1, 1, value_rows]), value_rows)
    }
    if zero {
      k = with_row(k, 0, key_rows)
      v = with_row(v, 0, value_rows)
    }
  }
  y = capacity
    ? CachedAttention(q, k, v, heads=heads, kv_heads=kv_heads, capacity=capacity, scale=scale,
                      rotary=rotary ? ["half", "interleaved"][interleaved] : "none",
                      base=num("base", 10000))
    : ScaledDotProduct(q, k, v, mask, padding and Reshape(padding, [0, 1, 1, -1]),
                       form=packed ? "packed" : "tokens", heads=heads, kv_heads=kv_heads,
                       causal=causal, scale=scale, mask_blocks=blocks, free_keys=free_keys,
                       empty_rows=told_empty_rows())
  kind = cross ? "cross" : "self"
  if average map(kind, ReduceMean(next(), [1], keepdims=0), "batch queries keys")
  else map(kind, next(), "batch heads queries keys")

  inner = heads * value_width
  if $scaleNorm(has("norm.weight"), 0) y = told_norm(y, "norm.", inner)
  if $gated(has("gate.weight"), 0) y = y * Sigmoid(linear(x, "gate.", inner, channels))
  out = find("out_proj|proj|o_proj|c_proj|dense")
  columns = out == "c_proj."
  last = extent("{out}weight", columns, channels)
  y = columns ? MatMul(y, weight("c_proj.weight", [inner, last]),
                       optional("c_proj.bias", [last], 1, 1))
              : linear(y, out, last, inner)
  result(turned(y))
}
)";

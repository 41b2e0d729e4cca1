#include "attention/recipes.h"

const char heed::attention::recipes::temporal_attention_pooling[] = R"(
# Scores of every position by a small network, their softmax, and the sums they give.
fn pool_by_scores(one) {
  first = one ? "attention." : "linear_first."
  name = "{first}weight"
  channels = channels_of(name, 1)
  hidden = extent(name, 0, $hidden(channels))
  heads = one ? 1 : extent("linear_second.weight", 0, $heads(1))
  x = arg("x", "batch length {channels}")
  e = Tanh(linear(x, first, hidden, channels))
  e = one ? linear(e, "context.", 1, hidden, 0) : linear(e, "linear_second.", heads, hidden)
  e = activate(e, act("scoreActivation", "none"))
  a = masked_softmax(one ? Reshape(e, [0, 1, -1]) : Transpose(e, perm=[0, 2, 1]), seen_positions(x, 1))
  y = MatMul(a, x)
  map("temporal", one ? Reshape(a, [0, -1]) : a, one ? "batch length" : "batch heads length")
  result(one ? Reshape(y, [0, -1]) : y)
}

fn pool_statistics(form) {
  # (batch, 2 channels, 1): the mean of x (batch, channels, length) with these weights, and the
  # deviation from it.
  fn statistics(weights, least) {
    mean = ReduceSum(weights * x, [2])
    away = x - mean
    Concat(mean, Sqrt(Max(ReduceSum(weights * (away * away), [2]), least)), axis=1)
  }
  fn line(z, place, out, in) conv(z, place, out, in, axes=1)
  name = form == 4 ? "tdnn.conv.conv.weight" : "attention.0.weight"
  channels = fresh() ? channels_of(name, 1) : extent(name, 1) // (form == 4 ? 3 : 1)
  hidden = extent(name, 0, $hidden(channels))
  x = arg("x", "batch {channels} length")
  seen = seen_positions(x, 2)
  if form == 4 {
    # speechbrain's network sees the mean and the deviation of the whole sequence too. What they add
    # is the same at every position, so that they are not spread over it.
    w = weight(name, [hidden, 3 * channels, 1])
    bias = optional("tdnn.conv.conv.bias", [hidden], 1, 1)
    even = masked_softmax(positions(x, 2) * 0, seen)
    own = Conv(x, Slice(w, [0], [channels], [1]))
    whole = Conv(statistics(even, 1e-12), Slice(w, [channels], [3 * channels], [1]), bias)
    e = Tanh(norm(Relu(own + whole), "tdnn.norm.norm.", hidden))
    e = line(e, "conv.conv.", channels, hidden)
  } else {
    e = line(x, "attention.0.", hidden, channels)
    e = form == 3 ? line(norm(Relu(e), "attention.2.", hidden), "attention.3.", channels, hidden)
                  : line(Tanh(e), "attention.2.", 1, hidden)
  }
  a = masked_softmax(e, seen)
  one = form == 2
  map("temporal", one ? Reshape(a, [0, -1]) : a, one ? "batch length" : "batch channels length")
  result(Reshape(statistics(a, form == 4 ? 1e-12 : 1e-5), [0, -1]))
}

fn told_heads(inner) {
  heads = $heads(1)
  if inner % heads wrong("a width of {inner} does not divide into {heads} heads")
  heads
}

fn pool_by_latents() {
  channels = channels_of("kv.weight", 1)
  inner = extent("kv.weight", 0, 2 * channels) // 2
  latents = extent("latent", 1, $latents(1))
  wide = extent("latent", 2, inner)
  heads = told_heads(inner)
  x = arg("x", "batch length {channels}")
  if has("pos_embed") x = x + weight("pos_embed", [extent("pos_embed", 0), channels])
  q = weight("latent", [1, latents, wide])
  if fresh() or has("q.weight") q = linear(q, "q.", inner, wide)
  rows = weight("kv.weight", [2 * inner, channels])
  bias = optional("kv.bias", [2 * inner], $bias(1, 0), 1)
  fn part(i) {
    fn half(all) all and Slice(all, [i * inner], [(i + 1) * inner], [0])
    MatMul(x, half(rows), half(bias), transB=1)
  }
  k = part(0)
  v = part(1)
  if has("q_norm.weight") {
    q = norm_heads(q, "q_norm.", inner // heads)
    k = norm_heads(k, "k_norm.", inner // heads)
  }
  q = Expand(q, Concat(Shape(x, end=1), [latents, inner], axis=0))
  y = attend(q, k, v, seen_positions(x, 1, [-1, 1, 1, 1]), heads=heads)
  map("temporal", next(), "batch heads queries keys")

  if fresh() or has("proj.weight") {
    out = extent("proj.weight", 0, inner)
    y = linear(y, "proj.", out, inner)
    z = has("norm.weight") ? told_norm(y, "norm.", out) : y
    hidden = extent("mlp.fc1.weight", 0, $hidden(4 * out))
    y = y + linear(Gelu(linear(z, "mlp.fc1.", hidden, out)), "mlp.fc2.", out, hidden)
  }
  pool = $pool("token|avg|none")
  if pool == 0 y = Reshape(Slice(y, [0], [1], [1]), [0, -1])
  if pool == 1 y = ReduceMean(y, [1], keepdims=0)
  result(y)
}

# The mean of all positions stands in front of them and attends to all.
fn pool_by_mean() {
  apart = has("k.weight")
  name = apart ? "q.weight" : "qkv.weight"
  parts = apart ? 1 : 3
  channels = channels_of(name, 1)
  inner = extent(name, 0, parts * channels) // parts
  heads = told_heads(inner)
  x = arg("x", "batch {channels} height width")
  z = Transpose(Reshape(x, [0, channels, -1]), perm=[0, 2, 1])
  z = Concat(ReduceMean(z, [1]), z, axis=1)
  if has("pos_embed") z = z + weight("pos_embed", [extent("pos_embed", 0), channels])
  all = apart ? none : linear(z, "qkv.", 3 * inner, channels)
  fn part(i) apart ? linear(z, ["q.", "k.", "v."][i], inner, channels)
                   : Slice(all, [i * inner], [(i + 1) * inner], [2])
  y = attend(Slice(part(0), [0], [1], [1]), part(1), part(2), heads=heads)
  map("spatial", next(), "batch heads queries keys")
  result(Reshape(linear(y, "proj.", extent("proj.weight", 0, inner), inner), [0, -1]))
}

layer TemporalAttentionPooling {
  form = $form ? $form("one-head|multi-head|statistics|clovaai|speechbrain|latent|2d")
       : has("latent") ? 5
       : has("qkv.weight") or has("k.weight") ? 6
       : has("tdnn.conv.conv.weight") ? 4
       : has("attention.3.weight") ? 3
       : has("attention.0.weight") ? 2
       : has("linear_first.weight")
  if form == 6 pool_by_mean()
  else if form == 5 pool_by_latents()
  else if form < 2 pool_by_scores(form == 0)
  else pool_statistics(form)
}
)";

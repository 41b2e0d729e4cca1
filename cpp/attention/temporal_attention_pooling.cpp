#include "attention/temporal_attention_pooling.h"

#include "attention/lengths.h"
#include "attention/multi_head_attention.h"

namespace heed::attention {

namespace {

enum Form { kOneHead, kMultiHead, kStatistics, kClovaai, kSpeechbrain, kLatent };

Form form_of(Builder& b) {
  if (b.has_option("form")) {
    return static_cast<Form>(
        b.choice("form", "one-head|multi-head|statistics|clovaai|speechbrain|latent"));
  }
  return b.has("latent")                  ? kLatent
         : b.has("tdnn.conv.conv.weight") ? kSpeechbrain
         : b.has("attention.3.weight")    ? kClovaai
         : b.has("attention.0.weight")    ? kStatistics
         : b.has("linear_first.weight")   ? kMultiHead
                                          : kOneHead;
}

// Scores of every position by a small network, their softmax, and the sums they give.
void pool_by_scores(Builder& b, bool one) {
  const char* const first = one ? "attention" : "linear_first";
  const char* const second = one ? "context" : "linear_second";
  const std::string name = join(first, ".weight");
  const Extent channels = b.channels(name, 1);
  const Extent hidden = b.extent(name, 0, b.integer("hidden", channels, 1));
  const Extent heads = one ? 1 : b.extent("linear_second.weight", 0, b.integer("heads", 1, 1));
  const Value x = b.argument("x", "batch length #", {channels});
  Value e = b.tanh(b.linear(x, first, hidden, channels));
  e = b.linear(e, second, heads, hidden, one ? Bias::kNone : Bias::kAsGiven);
  e = b.activate(e, b.activation("scoreActivation", "none"));
  const Value a = masked_softmax(b, one ? b.reshape(e, {0, 1, -1}) : b.transpose(e, "021"),
                                 seen_positions(b, x, 1));
  const Value y = b.matmul(a, x);
  b.map("temporal", one ? b.reshape(a, {0, -1}) : a, one ? "batch length" : "batch heads length");
  b.result(one ? b.reshape(y, {0, -1}) : y);
}

// (batch, 2 channels, 1): the mean of x (batch, channels, length) with these weights, and the
// deviation from it.
Value statistics(Builder& b, Value x, Value weights, float least) {
  const Value mean = b.reduce("ReduceSum", b.mul(weights, x), {2});
  const Value away = b.sub(x, mean);
  const Value variance = b.reduce("ReduceSum", b.mul(weights, b.mul(away, away)), {2});
  return b.concat({mean, b.node("Sqrt", {b.node("Max", {variance, b.scalar(least)})})}, 1);
}

Value line_conv(Builder& b, Value x, const char* place, Extent out, Extent in) {
  return b.conv(x, place, {.out = out, .in = in, .axes = 1});
}

// speechbrain's network sees the mean and the deviation of the whole sequence too. What they add is
// the same at every position, so that they are not spread over it.
Value speechbrain_hidden(Builder& b, Value x, Value seen, Extent hidden, Extent channels) {
  const Value weight = b.weight("tdnn.conv.conv.weight", {hidden, 3 * channels, 1});
  const Value bias = b.optional_weight("tdnn.conv.conv.bias", {hidden});
  const Value even = masked_softmax(b, b.mul(positions(b, x, 2), b.scalar(0)), seen);
  const Value own = b.node("Conv", {x, b.slice(weight, 1, 0, channels)});
  const Value whole = b.node(
      "Conv", {statistics(b, x, even, 1e-12f), b.slice(weight, 1, channels, 3 * channels), bias});
  return b.batch_norm(b.relu(b.add(own, whole)), "tdnn.norm.norm", hidden);
}

void pool_statistics(Builder& b, Form form) {
  const char* const first = form == kSpeechbrain ? "tdnn.conv.conv" : "attention.0";
  const std::string name = join(first, ".weight");
  const Extent channels =
      b.fresh() ? b.channels(name, 1) : b.extent(name, 1) / (form == kSpeechbrain ? 3 : 1);
  const Extent hidden = b.extent(name, 0, b.integer("hidden", channels, 1));
  const Value x = b.argument("x", "batch # length", {channels});
  const Value seen = seen_positions(b, x, 2);
  Value e;
  if (form == kSpeechbrain) {
    e = b.tanh(speechbrain_hidden(b, x, seen, hidden, channels));
    e = line_conv(b, e, "conv.conv", channels, hidden);
  } else {
    e = line_conv(b, x, first, hidden, channels);
    e = form == kClovaai ? b.batch_norm(b.relu(e), "attention.2", hidden) : b.tanh(e);
    e = form == kClovaai ? line_conv(b, e, "attention.3", channels, hidden)
                         : line_conv(b, e, "attention.2", 1, hidden);
  }
  const Value a = masked_softmax(b, e, seen);
  const bool one = form == kStatistics;
  b.map("temporal", one ? b.reshape(a, {0, -1}) : a,
        one ? "batch length" : "batch channels length");
  b.result(b.reshape(statistics(b, x, a, form == kSpeechbrain ? 1e-12f : 1e-5f), {0, -1}));
}

void pool_by_latents(Builder& b) {
  const Extent channels = b.channels("kv.weight", 1);
  const Extent inner = b.extent("kv.weight", 0, 2 * channels) / 2;
  const Extent latents = b.extent("latent", 1, b.integer("latents", 1, 1));
  const Extent wide = b.extent("latent", 2, inner);
  Heads heads{.heads = b.integer("heads", 1, 1)};
  if (inner % heads.heads != 0) {
    b.fail(Code::kWrongValue, "a width of ", inner, " does not divide into ", heads.heads,
           " heads");
  }
  Value x = b.argument("x", "batch length #", {channels});
  if (b.has("pos_embed")) {
    x = b.add(x, b.weight("pos_embed", {b.extent("pos_embed", 0), channels}));
  }
  Value q = b.weight("latent", {1, latents, wide});
  if (b.fresh() || b.has("q.weight")) q = b.linear(q, "q", inner, wide);
  const Value weight = b.weight("kv.weight", {2 * inner, channels});
  const Value bias = b.optional_weight("kv.bias", {2 * inner}, b.flag("bias", true));
  Value parts[2];
  for (int i = 0; i < 2; ++i) {
    const auto half = [&](Value all) {
      return all == kNoTensor ? all : b.slice(all, 0, i * inner, (i + 1) * inner);
    };
    const Value rows = half(weight), addend = half(bias);
    parts[i] = b.set("transB", 1).node("MatMul", {x, rows, addend});
  }
  Value k = parts[0];
  if (b.has("q_norm.weight")) {
    q = norm_heads(b, q, "q_norm", inner / heads.heads);
    k = norm_heads(b, k, "k_norm", inner / heads.heads);
  }
  const Value batch = b.set("end", 1).node("Shape", {x});
  q = b.node("Expand", {q, b.concat({batch, b.integers({latents, inner})}, 0)});
  Value y = b.attend(q, k, parts[1], seen_positions(b, x, 1, 4), heads, "attention", "temporal");

  if (b.fresh() || b.has("proj.weight")) {
    const Extent out = b.extent("proj.weight", 0, inner);
    y = b.linear(y, "proj", out, inner);
    const Value normed = b.has("norm.weight") ? norm_of(b, y, "norm", out) : y;
    const Extent hidden = b.extent("mlp.fc1.weight", 0, b.integer("hidden", 4 * out, 1));
    y = b.add(y,
              b.linear(b.gelu(b.linear(normed, "mlp.fc1", hidden, out)), "mlp.fc2", out, hidden));
  }
  const int pool = b.choice("pool", "token|avg|none");
  if (pool == 0) y = b.reshape(b.slice(y, 1, 0, 1), {0, -1});
  if (pool == 1) y = b.reduce("ReduceMean", y, {1}, false);
  b.result(y);
}

}  // namespace

void build_temporal_attention_pooling(Builder& b) {
  const Form form = form_of(b);
  if (form == kLatent) return pool_by_latents(b);
  form <= kMultiHead ? pool_by_scores(b, form == kOneHead) : pool_statistics(b, form);
}

}  // namespace heed::attention

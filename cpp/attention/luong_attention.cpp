#include "attention/luong_attention.h"

#include "attention/lengths.h"

namespace heed::attention {

namespace {

enum Score { kDot, kGeneral, kConcat, kConcatMatlab };
enum Local { kGlobal, kMonotonic, kPredictive };

Score score_of(Builder& b) {
  if (b.has_option("score")) {
    return static_cast<Score>(b.choice("score", "dot|general|concat|concat_matlab"));
  }
  if (b.fresh() || b.has("linear_in.weight")) return kGeneral;
  if (b.has("linear_concat.weight")) return kConcat;
  return b.has("linear_query.weight") ? kConcatMatlab : kDot;
}

// x W^T of columns begin..end of the weight (rows, ...).
Value project_by(Builder& b, Value x, Value weight, Extent begin, Extent end) {
  const Value part = b.slice(weight, 1, begin, end);
  return b.set("transB", 1).node("MatMul", {x, part});
}

// The softmax over a window of the memory around a position for each query.
Value local_softmax(Builder& b, Local local, Value scores, Value query, Value memory,
                    Extent channels) {
  const Value seen = seen_positions(b, memory, 1);
  Value size = b.extent_of(memory, 1);
  if (seen != kNoTensor) {
    const Value lengths = b.set("to", 1).node("Cast", {b.argument("lengths", "batch")});
    size = b.reshape(lengths, {-1, 1, 1});
  }
  Value centre;
  if (local == kMonotonic) {
    const Value steps = b.reshape(positions(b, query, 1), {-1, 1});
    centre = b.node("Min", {steps, b.sub(size, b.scalar(1))});
  } else {
    const Extent units = b.extent("linear_position.weight", 0, channels);
    const Value hidden = b.tanh(b.linear(query, "linear_position", units, channels, Bias::kNone));
    centre = b.mul(size, b.sigmoid(b.linear(hidden, "v_position", 1, units, Bias::kNone)));
  }
  const Value keys = positions(b, memory, 1);
  const auto window = static_cast<float>(b.number("window", 10));
  const Value steps = b.node("Abs", {b.sub(keys, b.node("Floor", {centre}))});
  Value inside = b.node("LessOrEqual", {steps, b.scalar(window)});
  if (seen != kNoTensor) inside = b.node("And", {inside, seen});
  const Value a = masked_softmax(b, scores, inside);
  if (local == kMonotonic) return a;
  // The Gaussian's deviation is half the window.
  const Value away = b.sub(keys, centre);
  const Value exponent = b.mul(b.mul(away, away), b.scalar(-2 / (window * window)));
  return b.mul(a, b.node("Exp", {exponent}));
}

}  // namespace

void build_luong_attention(Builder& b) {
  const bool kernel = b.has("memory_layer.kernel");
  const Score score = kernel ? kDot : score_of(b);
  const auto local =
      static_cast<Local>(b.has_option("local") ? b.choice("local", "none|monotonic|predictive")
                         : b.has("linear_position.weight") ? kPredictive
                                                           : kGlobal);
  const char* const place = score == kGeneral ? "linear_in.weight" : "linear_query.weight";
  const Extent out =
      b.channels(kernel ? "memory_layer.kernel" : "linear_out.weight", kernel ? 1 : 0);
  const Extent both = b.extent("linear_out.weight", 1, 2 * out);  // of a context and a query
  const Extent channels =
      kernel ? b.extent("memory_layer.kernel", 0) : b.extent(place, 0, both / 2);
  const Extent wide = kernel ? out : b.extent(place, 1, both / 2);
  const Value query = b.argument("query", "batch queries #", {wide});
  Value memory = b.argument("memory", "batch keys #", {channels});
  Value q = query;
  if (kernel) {
    memory = b.matmul(memory, b.weight("memory_layer.kernel", {channels, out}));
    if (b.has("attention_g")) q = b.mul(q, b.weight("attention_g", {}));
  }
  if (score == kGeneral) q = b.linear(q, "linear_in", channels, wide, Bias::kNone);

  Value context;
  if (score <= kGeneral && local == kGlobal) {
    const Value seen = seen_positions(b, memory, 1, 4);
    context = attend_once(b, q, memory, memory, seen, 1, "temporal");
  } else {
    Value scores;
    if (score <= kGeneral) {
      scores = b.set("transB", 1).node("MatMul", {q, memory});
    } else {
      Value k = memory;
      Extent units = channels;
      if (score == kConcat) {
        units = b.extent("linear_concat.weight", 0, channels);
        const Value weight = b.weight("linear_concat.weight", {units, wide + channels});
        k = project_by(b, memory, weight, wide, wide + channels);
        q = project_by(b, query, weight, 0, wide);
      } else {
        q = b.linear(query, "linear_query", channels, wide, Bias::kNone);
      }
      scores = b.node("AdditiveScore", {q, k, b.weight("v.weight", {1, units})});
    }
    const Value a = local == kGlobal ? masked_softmax(b, scores, seen_positions(b, memory, 1))
                                     : local_softmax(b, local, scores, query, memory, wide);
    b.map("temporal", a, "batch queries keys");
    context = b.matmul(a, memory);
  }
  if (!b.fresh() && !b.has("linear_out.weight")) return b.result(context);
  const Value joined = b.concat({context, query}, -1);
  b.result(b.tanh(b.linear(joined, "linear_out", out, channels + wide, Bias::kNone)));
}

}  // namespace heed::attention

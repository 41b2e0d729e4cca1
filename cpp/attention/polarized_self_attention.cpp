#include "attention/polarized_self_attention.h"

#include "attention/context.h"

namespace heed::attention {

void build_polarized_self_attention(Builder& b) {
  const bool sequential =
      b.fresh() ? b.choice("form", "parallel|sequential") == 1 : b.has_below("conv_up.0.");
  const Extent channels = b.channels("conv_v_right.weight", 1);
  const Extent width = b.extent("conv_v_right.weight", 0, channels / 2);
  const Value x = b.argument("x", "batch # height width", {channels});
  const Convolution narrow = {.out = width, .in = channels, .bias = Bias::kNone};

  // Nothing bends between pooling and the 1x1 convolutions around it, so vectors are convolved
  // instead of maps.
  const Value context = context_of(b, x, "conv_q_right", channels, Bias::kNone);
  const Value z = b.conv(context, "conv_v_right", narrow);
  Value up;
  if (sequential) {
    const Extent hidden = b.extent("conv_up.0.weight", 0, width / 4);
    up = context_mlp(b, z, {"conv_up.", "0", "1", "3", channels, width, hidden});
  } else {
    up = b.conv(z, "conv_up", {.out = channels, .in = width, .bias = Bias::kNone});
  }
  const Value c = b.sigmoid(up);

  const Value gated = sequential ? b.mul(x, c) : x;
  const Value mean = b.node("GlobalAveragePool", {gated});
  const Value q = b.reshape(b.conv(mean, "conv_q_left", narrow), {0, -1, 1});
  Value scores;
  if (sequential) {
    const Value v = b.softmax(b.tokens(b.conv(gated, "conv_v_left", narrow)), 1);
    scores = b.matmul(v, q);
  } else {
    // q.(V x) = (q V).x: the softmax that attention with this one query has.
    const Value v = b.weight("conv_v_left.weight", {width, channels});
    const Value query = b.reshape(b.matmul(b.transpose(q, "021"), v), {0, -1, 1, 1});
    b.attend(query, x, b.slice(x, 1, 0, 1), kNoTensor, {.form = "channels", .scale = 1}, nullptr);
    scores = b.next_output();
  }
  const Value s = b.sigmoid(b.map_like(scores, x));
  b.map("channel", c, "batch channels 1 1", "channel");
  b.map("spatial", s, "batch 1 height width", "spatial");
  b.result(sequential ? b.mul(gated, s) : b.mul(x, b.add(c, s)));
}

}  // namespace heed::attention

#include "attention/recipes.h"

const char heed::attention::recipes::dual_attention[] = R"(
fn position_attention(x, place, channels, name) {
  hidden = extent("{place}query_conv.weight", 0, $hidden(max(1, channels // 8)))
  q = conv(x, "{place}query_conv.", hidden, channels)
  k = conv(x, "{place}key_conv.", hidden, channels)
  v = conv(x, "{place}value_conv.", channels, channels)
  # Rows of A sum to 1, so that gamma may be part of the convolution.
  y = attend(q, k, v * weight("{place}gamma", [1], 1), form="channels", scale=1)
  map("self", Squeeze(next(), [1]), "batch positions positions", name)
  y + x
}

fn channel_self_attention(x, place, name) {
  # The row's maximum is what any softmax subtracts: A = softmax(-G).
  y = attend(x, x, x, form="planes", scale=-1)
  map("self", Squeeze(next(), [1]), "batch channels channels", name)
  y * weight("{place}gamma", [1], 1) + x
}

layer PositionAttention {
  channels = channels_of("query_conv.weight", 1)
  result(position_attention(arg("x", "batch {channels} *"), "", channels))
}

layer ChannelSelfAttention result(channel_self_attention(arg("x", "batch channels *"), ""))

layer DualAttention {
  channels = channels_of("conv5a.0.weight", 1)
  inner = extent("conv5a.0.weight", 0, $inner(channels // 4))
  classes = told_by("conv8.1.weight", 0, "classes")
  x = arg("x", "batch {channels} height width")
  fn block(z, place, in)
    Relu(norm(conv(z, "{place}.0.", inner, in, kernel=3, bias=0), "{place}.1.", inner))
  position = position_attention(block(x, "conv5a", channels), "sa.", inner, "position")
  channel = channel_self_attention(block(x, "conv5c", channels), "sc.", "channel")
  a = block(position, "conv51", inner)
  c = block(channel, "conv52", inner)
  result(conv(a + c, "conv8.1.", classes, inner), "fused")
  result(conv(a, "conv6.1.", classes, inner), "position")
  result(conv(c, "conv7.1.", classes, inner), "channel")
}
)";

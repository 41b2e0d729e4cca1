#include "attention/dual_attention.h"

#include <algorithm>

#include "attention/builder.h"

namespace heed::attention {

namespace {

// Attention without the axis of heads in its map.
Value attend(Builder& b, Value q, Value k, Value v, const Heads& heads, const char* map,
             const char* shape) {
  const Value y = b.attend(q, k, v, kNoTensor, heads, nullptr);
  b.map("self", b.node("Squeeze", {b.next_output(), b.integers({1})}), shape, map);
  return y;
}

// `place` is what the weights' names have in front, with its dot.
Value position_attention(Builder& b, Value x, const std::string& place, Extent channels,
                         const char* map) {
  const Extent by_default = b.integer("hidden", std::max<Extent>(1, channels / 8), 1);
  const Extent hidden = b.extent(place + "query_conv.weight", 0, by_default);
  const Value q = b.conv(x, place + "query_conv", {.out = hidden, .in = channels});
  const Value k = b.conv(x, place + "key_conv", {.out = hidden, .in = channels});
  const Value v = b.conv(x, place + "value_conv", {.out = channels, .in = channels});
  // Rows of A sum to 1, so that gamma may be part of the convolution.
  const Value scaled = b.mul(v, b.weight(place + "gamma", {1}, Fill::kZeros));
  const Value y =
      attend(b, q, k, scaled, {.form = "channels", .scale = 1}, map, "batch positions positions");
  return b.add(y, x);
}

Value channel_attention(Builder& b, Value x, const std::string& place, const char* map) {
  // The row's maximum is what any softmax subtracts: A = softmax(-G).
  const Value y =
      attend(b, x, x, x, {.form = "planes", .scale = -1}, map, "batch channels channels");
  return b.add(b.mul(y, b.weight(place + "gamma", {1}, Fill::kZeros)), x);
}

// A 3x3 convolution, batch norm, ReLU.
Value block(Builder& b, Value x, const std::string& place, Extent out, Extent in) {
  const Convolution convolution = {.out = out, .in = in, .kernel = {3, 3}, .bias = Bias::kNone};
  return b.relu(b.batch_norm(b.conv(x, place + ".0", convolution), place + ".1", out));
}

}  // namespace

void build_position_attention(Builder& b) {
  const Extent channels = b.channels("query_conv.weight", 1);
  const Value x = b.argument("x", "batch # *", {channels});
  b.result(position_attention(b, x, "", channels, "attention"));
}

void build_channel_self_attention(Builder& b) {
  b.result(channel_attention(b, b.argument("x", "batch channels *"), "", "attention"));
}

void build_dual_attention(Builder& b) {
  const Extent channels = b.channels("conv5a.0.weight", 1);
  const Extent inner = b.extent("conv5a.0.weight", 0, b.integer("inner", channels / 4, 1));
  const Extent classes = b.extent_or_option("conv8.1.weight", 0, "classes");
  const Value x = b.argument("x", "batch # height width", {channels});
  const Value position =
      position_attention(b, block(b, x, "conv5a", inner, channels), "sa.", inner, "position");
  const Value channel =
      channel_attention(b, block(b, x, "conv5c", inner, channels), "sc.", "channel");
  const Value a = block(b, position, "conv51", inner, inner);
  const Value c = block(b, channel, "conv52", inner, inner);
  const Convolution last = {.out = classes, .in = inner};
  b.result(b.conv(b.add(a, c), "conv8.1", last), "fused");
  b.result(b.conv(a, "conv6.1", last), "position");
  b.result(b.conv(c, "conv7.1", last), "channel");
}

}  // namespace heed::attention

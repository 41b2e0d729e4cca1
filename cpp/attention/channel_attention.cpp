#include "attention/channel_attention.h"

#include "attention/builder.h"

namespace heed::attention {

void build_channel_attention(Builder& b) {
  const Extent channels = b.channels("fc.weight", 1);
  const Value x = b.argument("x", "batch # *", {channels});
  const Value z = b.conv(b.node("GlobalAveragePool", {x}), "fc", {.out = channels, .in = channels});
  const Value s = b.activate(z, b.activation("gate", "sigmoid"));
  b.map("channel", s, "batch channels 1 1");
  b.result(b.mul(x, s));
}

}  // namespace heed::attention

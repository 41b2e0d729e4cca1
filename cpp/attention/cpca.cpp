#include "attention/cpca.h"

#include "attention/builder.h"

namespace heed::attention {

void build_cpca(Builder& b) {
  const Extent channels = b.channels("conv.weight", 1);
  const Extent hidden = b.extent("ca.fc1.weight", 0, channels / b.integer("reduction", 4, 1));
  const Value x = b.argument("x", "batch # height width", {channels});
  const auto pointwise = [&](Value z) {
    return b.conv(z, "conv", {.out = channels, .in = channels});
  };
  const auto depthwise = [&](Value z, Extent height, Extent width) {
    return b.conv(z, join("dconv", height, "_", width),
                  {.out = channels, .in = channels, .kernel = {height, width}, .groups = channels});
  };
  const Value t = b.gelu(pointwise(x));
  const auto gate = [&](const char* pool) {
    const Value z = b.conv(b.node(pool, {t}), "ca.fc1", {.out = hidden, .in = channels});
    return b.sigmoid(b.conv(b.relu(z), "ca.fc2", {.out = channels, .in = hidden}));
  };
  const Value c = b.add(gate("GlobalAveragePool"), gate("GlobalMaxPool"));
  const Value u = b.mul(t, c);
  const Value first = depthwise(u, 5, 5);
  Value sum = first;
  for (const Extent length : {7, 11, 21}) {
    sum = b.add(depthwise(depthwise(first, 1, length), length, 1), sum);
  }
  const Value s = pointwise(sum);
  b.map("channel", c, "batch channels 1 1", "channel");
  b.map("spatial", s, "batch channels height width", "spatial");
  b.result(pointwise(b.mul(s, u)));
}

}  // namespace heed::attention

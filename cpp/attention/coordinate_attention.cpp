#include "attention/coordinate_attention.h"

#include <algorithm>

#include "attention/builder.h"

namespace heed::attention {

void build_coordinate_attention(Builder& b) {
  const Extent channels = b.channels("conv1.weight", 1);
  const Extent formula = std::max<Extent>(8, channels / 32);
  const Extent hidden = b.extent("conv1.weight", 0, b.integer("hidden", formula, 1));
  const Value x = b.argument("x", "batch # height width", {channels});
  // What the official code joins and splits again is computed apart: nothing mixes positions.
  const auto gate = [&](int pooled_axis, const char* name) {
    Value z = b.conv(b.mean(x, {pooled_axis}), "conv1", {.out = hidden, .in = channels});
    z = b.node("HardSwish", {b.batch_norm(z, "bn1", hidden)});
    return b.sigmoid(b.conv(z, name, {.out = channels, .in = hidden}));
  };
  const Value rows = gate(3, "conv_h"), columns = gate(2, "conv_w");
  b.map("spatial", rows, "batch channels height 1", "rows");
  b.map("spatial", columns, "batch channels 1 width", "columns");
  b.result(b.mul(b.mul(x, columns), rows));
}

}  // namespace heed::attention

#include "attention/split_attention.h"

#include <algorithm>

#include "attention/builder.h"

namespace heed::attention {

void build_split_attention(Builder& b) {
  Extent groups = b.integer("groups", 1, 1), radix = b.integer("radix", 2, 1);
  Extent channels, out, hidden;
  if (b.fresh()) {
    channels = b.channels("conv.weight", 1);
    out = b.integer("out", channels, 1);
    hidden = b.integer("hidden", std::max<Extent>(32, channels * radix / 4), 1);
  } else {
    hidden = b.extent("fc1.weight", 0);
    const Extent group_count = std::max<Extent>(1, hidden / b.extent("fc2.weight", 1));
    out = b.extent("fc1.weight", 1) * group_count;
    const Extent splits = std::max<Extent>(1, b.extent("conv.weight", 0) / out);
    if ((b.has_option("groups") && groups != group_count) ||
        (b.has_option("radix") && radix != splits)) {
      b.fail(Code::kWrongValue, "the weights are of radix ", splits, " and ", group_count,
             " groups");
    }
    groups = group_count;
    radix = splits;
    channels = b.extent("conv.weight", 1) * groups * radix;
  }
  const Extent kernel = b.integer("kernel", 3, 1);
  const Value x = b.argument("x", "batch # height width", {channels});
  Value y = b.conv(x, "conv",
                   {.out = out * radix,
                    .in = channels,
                    .kernel = {kernel, kernel},
                    .groups = groups * radix,
                    .stride = b.integer("stride", 1, 1),
                    .dilation = b.integer("dilation", 1, 1),
                    .padding = b.integer("padding", -1)});
  y = b.relu(b.optional_batch_norm(y, "bn0", out * radix, true));
  Value z = b.reshape(b.node("GlobalAveragePool", {y}), {0, radix, out, 1, 1});
  z = b.reduce("ReduceSum", z, {1}, false);
  z = b.conv(z, "fc1", {.out = hidden, .in = out, .groups = groups});
  z = b.relu(b.optional_batch_norm(z, "bn1", hidden, true));
  z = b.conv(z, "fc2", {.out = out * radix, .in = hidden, .groups = groups});
  const Value sum = b.set("branches", radix).set("groups", groups).node("BranchSum", {z, y});
  b.map("branch", b.next_output(), "batch radix channels 1 1");
  b.result(sum);
}

}  // namespace heed::attention

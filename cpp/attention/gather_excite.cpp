#include "attention/gather_excite.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

// Depthwise convolutions, with a batch norm each where the weights have one, ReLU between them.
Value gather_by_convolutions(Builder& b, Value x, Extent channels, Extent extent) {
  int count = 0;
  while (count < 16 && b.has(join("gather.conv", count + 1, ".weight"))) ++count;
  if (!b.has_option("extent")) {
    const bool strides = count > 1 || b.extent("gather.conv1.weight", 2) == 3;
    extent = strides ? 1 << count : 0;
  }
  const Extent kernel = extent > 0 ? 3 : b.integer("kernel", 3, 1);
  Extent stride = 1;
  for (int i = 1; stride < extent || i == 1; ++i) {
    if (i > 1) x = b.relu(x);
    x = b.conv(x, join("gather.conv", i),
               {.out = channels,
                .in = channels,
                .kernel = {kernel, kernel},
                .groups = channels,
                .stride = extent > 0 ? 2 : 1,
                .bias = Bias::kNone});
    x = b.optional_batch_norm(x, join("gather.norm", i), channels, true);
    stride *= 2;
  }
  if (extent > 0 && stride != extent) {
    b.fail(Code::kWrongValue, "the option 'extent' must be a power of two, not ", extent);
  }
  return x;
}

Value pool(Builder& b, const char* op, Value x, Extent extent) {
  if (extent == 0) return b.node(join("Global", op).c_str(), {x});
  const int64_t pad = extent - 1, window = extent + pad;
  return b.set_list("kernel_shape", {window, window})
      .set_list("strides", {extent, extent})
      .set_list("pads", {pad, pad, pad, pad})
      .node(op, {x});
}

}  // namespace

void build_gather_excite(Builder& b) {
  const bool gathers = b.fresh() ? b.flag("gather") : b.has_below("gather.");
  const Extent hidden = b.fresh() ? b.integer("hidden", 0) : b.extent("mlp.fc1.weight", 0);
  const bool excites = b.fresh() ? hidden > 0 : b.has_below("mlp.");
  const Extent channels = gathers   ? b.channels("gather.conv1.weight", 0)
                          : excites ? b.channels("mlp.fc1.weight", 1)
                                    : 0;
  const Extent extent = b.integer("extent", 0);
  const Value x = b.argument("x", "batch # height width", {channels});
  Value z;
  if (gathers) {
    z = gather_by_convolutions(b, x, channels, extent);
  } else {
    z = pool(b, "AveragePool", x, extent);
    if (b.flag("addMaxPool")) {
      z = b.mul(b.add(z, pool(b, "MaxPool", x, extent)), b.scalar(0.5f));
    }
  }
  if (excites) {
    z = b.relu(b.conv(z, "mlp.fc1", {.out = hidden, .in = channels}));
    z = b.conv(z, "mlp.fc2", {.out = channels, .in = hidden});
  }
  Value s = b.sigmoid(z);
  const bool global = !gathers && extent == 0;
  if (!global) s = b.resize(s, b.size_of(x), "nearest", false);
  b.map(global ? "channel" : "spatial", s,
        global ? "batch channels 1 1" : "batch channels height width");
  b.result(b.mul(x, s));
}

}  // namespace heed::attention

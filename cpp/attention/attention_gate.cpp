#include "attention/attention_gate.h"

#include "attention/builder.h"

namespace heed::attention {

void build_attention_gate(Builder& b) {
  const bool additive = b.fresh() ? b.choice("form", "grid|additive") == 1 : b.has("W_x.0.weight");
  const char* const of_x = additive ? "W_x.0" : "theta";
  const char* const of_g = additive ? "W_g.0" : "phi";
  const std::string weight = join(of_x, ".weight");
  const Extent channels = b.channels(weight, 1);
  const Extent gating = b.extent_or_option(join(of_g, ".weight"), 1, "gating");
  const Extent hidden = b.extent(weight, 0, b.integer("hidden", channels / 2, 1));
  const Value x = b.argument("x", "batch # height width", {channels});
  const Value g =
      b.argument("g", additive ? "batch # height width" : "batch # rows columns", {gating});
  Value a;
  if (additive) {
    const auto unit = [&](Value z, const char* name, Extent out, Extent in) {
      return b.batch_norm(b.conv(z, join(name, ".0"), {.out = out, .in = in}), join(name, ".1"),
                          out);
    };
    const Value sum = b.add(unit(g, "W_g", hidden, gating), unit(x, "W_x", hidden, channels));
    a = b.sigmoid(unit(b.relu(sum), "psi", 1, hidden));
  } else {
    const Extent kernel = b.extent(weight, 2, 2);
    const Value theta = b.conv(x, of_x,
                               {.out = hidden,
                                .in = channels,
                                .kernel = {kernel, kernel},
                                .stride = kernel,
                                .padding = 0,
                                .bias = Bias::kNone});
    const Value phi = b.conv(g, of_g, {.out = hidden, .in = gating});
    const Value sum = b.add(theta, b.resize(phi, b.size_of(theta), "linear", false));
    const Value psi = b.conv(b.relu(sum), "psi", {.out = 1, .in = hidden});
    a = b.resize(b.sigmoid(psi), b.size_of(x), "linear", false);
  }
  b.map("spatial", a, "batch 1 height width");
  Value y = b.mul(x, a);
  if (!additive) {
    y = b.batch_norm(b.conv(y, "W.0", {.out = channels, .in = channels}), "W.1", channels);
  }
  b.result(y);
}

}  // namespace heed::attention

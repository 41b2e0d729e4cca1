#include "attention/cbam.h"

#include <algorithm>

#include "attention/builder.h"
#include "attention/pooled_gate.h"

namespace heed::attention {

namespace {

void channel_gate(Builder& b, bool light) {
  const std::string_view reduce = b.find("mlp.1|fc1|se.0"), expand = b.find("mlp.3|fc2|se.2");
  const std::string weight = join(reduce, ".weight");
  const Extent channels = b.channels(weight, 1);
  const Extent formula = std::max<Extent>(1, channels / b.integer("reduction", 16, 1));
  PooledGate gate;
  gate.x = b.argument("x", "batch # *", {channels});
  connect(b, gate, reduce, expand, b.extent(weight, 0, b.integer("hidden", formula, 1)), channels);
  gate.hidden = b.activation("activation", "relu");
  gate.gate = b.activation("gate", "sigmoid");
  gate.pools = b.choices("pools", "avg|max|lp|lse", 3);
  if (light) gate.merge = "pools";
  finish_with(b, gate);
}

void build_light_channel_gate(Builder& b) { channel_gate(b, true); }

}  // namespace

void build_channel_gate(Builder& b) { channel_gate(b, b.flag("light")); }

void build_spatial_gate(Builder& b) {
  const std::string_view conv = b.find("spatial.conv|conv.conv|conv");
  const Extent pools = b.extent(join(conv, ".weight"), 1, b.flag("light") ? 1 : 2);
  const bool mean_first =
      b.has_option("order") ? b.choice("order", "max-mean|mean-max") == 1 : conv == "conv.conv";
  const Extent kernel = b.integer("kernelSize", 7, 1);
  const Value x = b.argument("x", "batch channels height width");
  Value z = b.set_text("pools", pools == 1   ? "mix"
                                : mean_first ? "mean,max"
                                             : "max,mean")
                .node("ChannelPool", {x});
  z = b.conv(z, conv,
             {.out = 1,
              .in = std::min<Extent>(2, pools),
              .kernel = {kernel, kernel},
              .bias = Bias::kNone});
  if (conv != "conv") {
    z = b.batch_norm(z, conv == "conv.conv" ? "conv.bn" : "spatial.bn", 1);
  }
  const Value q = b.activate(z, b.activation("gate", "sigmoid"));
  b.map("spatial", q, "batch 1 height width");
  b.result(b.mul(x, q));
}

void build_cbam(Builder& b) {
  const int names = b.has_below("channel.") ? 1 : b.has_below("ca.") ? 2 : 0;
  constexpr const char* kChannel[] = {"ChannelGate", "channel", "ca"};
  constexpr const char* kSpatial[] = {"SpatialGate", "spatial", "sa"};
  const bool light = b.flag("light", b.extent("spatial.conv.conv.weight", 1, 2) == 1);
  const Value x = b.argument("x", "batch channels height width");
  Value y = b.nested(light ? build_light_channel_gate : build_channel_gate, kChannel[names], {x},
                     "channel");
  if (!b.flag("noSpatial")) y = b.nested(build_spatial_gate, kSpatial[names], {y}, "spatial");
  b.result(b.flag("residual", names == 2) ? b.add(y, x) : y);
}

}  // namespace heed::attention

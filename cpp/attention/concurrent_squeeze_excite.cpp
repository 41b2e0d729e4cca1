#include "attention/concurrent_squeeze_excite.h"

#include "attention/builder.h"
#include "attention/squeeze_excite.h"

namespace heed::attention {

void build_spatial_squeeze(Builder& b) {
  const std::string_view name = b.find("conv|0");
  const Extent channels = b.channels(join(name, ".weight"), 1);
  const Value x = b.argument("x", "batch # height width", {channels});
  Value weights[2];
  b.connection(name, 1, channels, Bias::kAsGiven, weights);
  const Value q = b.sigmoid(b.node("ChannelSum", {x, weights[0], weights[1]}));
  b.map("spatial", q, "batch 1 height width");
  b.result(b.mul(x, q));
}

void build_concurrent_squeeze_excite(Builder& b) {
  const char* const merge = b.choice("merge", "max|sum") == 0 ? "Max" : "Add";
  const Value x = b.argument("x", "batch channels height width");
  const Value channel = b.nested(build_channels_first_squeeze_excite, "cSE", {x}, "channel");
  const Value spatial = b.nested(build_spatial_squeeze, "sSE", {x}, "spatial");
  b.result(b.node(merge, {channel, spatial}));
}

}  // namespace heed::attention

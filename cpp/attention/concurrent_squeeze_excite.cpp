#include "attention/recipes.h"

const char heed::attention::recipes::concurrent_squeeze_excite[] = R"(
layer SpatialSqueeze {
  place = find("conv|0")
  channels = channels_of("{place}weight", 1)
  x = arg("x", "batch {channels} height width")
  q = Sigmoid(ChannelSum(x, connected(place, 1, channels)))
  map("spatial", q, "batch 1 height width")
  result(x * q)
}

layer ConcurrentSqueezeExcite {
  sum = $merge("max|sum")
  x = arg("x", "batch channels height width")
  c = under("cSE.", "channel", x) gated(squeeze_excite())
  s = under("sSE.", "spatial", x) layer("SpatialSqueeze")
  result(sum ? c + s : Max(c, s))
}
)";

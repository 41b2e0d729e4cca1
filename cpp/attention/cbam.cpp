#include "attention/recipes.h"

const char heed::attention::recipes::cbam[] = R"(
fn channel_gate(light) {
  reduce = find("mlp.1|fc1|se.0")
  name = "{reduce}weight"
  channels = channels_of(name, 1)
  hidden = extent(name, 0, $hidden(max(1, channels // $reduction(16))))
  x = arg("x", "batch {channels} *")
  gated(PooledGate(
      x, connected(reduce, hidden, channels), connected(find("mlp.3|fc2|se.2"), channels, hidden),
      hidden=act("activation", "relu"), gate=act("gate", "sigmoid"),
      pools=choices("pools", "avg|max|lp|lse", 3), merge=light ? "pools" : "scores"))
}

layer ChannelGate channel_gate($light())

layer SpatialGate {
  place = find("spatial.conv|conv.conv|conv")
  pools = extent("{place}weight", 1, $light() ? 1 : 2)
  mean_first = $order ? $order("max-mean|mean-max") : place == "conv.conv."
  x = arg("x", "batch channels height width")
  z = ChannelPool(x, pools=pools == 1 ? "mix" : mean_first ? "mean,max" : "max,mean")
  z = conv(z, place, 1, min(2, pools), kernel=$kernelSize(7), bias=0)
  if place != "conv." z = norm(z, place == "conv.conv." ? "conv.bn." : "spatial.bn.", 1)
  q = activate(z, act("gate", "sigmoid"))
  map("spatial", q, "batch 1 height width")
  result(x * q)
}

layer CBAM {
  names = below("channel.") ? 1 : below("ca.") ? 2 : 0
  light = $light(extent("spatial.conv.conv.weight", 1, 2) == 1, 0)
  x = arg("x", "batch channels height width")
  y = under(["ChannelGate.", "channel.", "ca."][names], "channel", x) channel_gate(light)
  if !$noSpatial()
    y = under(["SpatialGate.", "spatial.", "sa."][names], "spatial", y) layer("SpatialGate")
  result($residual(names == 2, 0) ? y + x : y)
}
)";

#include "attention/recipes.h"

const char heed::attention::recipes::triplet_attention[] = R"(
layer TripletAttention {
  x = arg("x", "batch channels height width")
  models = below("ChannelGate")
  spatial = fresh() ? !$noSpatial() : below(models ? "SpatialGate." : "hw.")
  kernel = $kernel(7)
  factors = []
  # What becomes axis 1 of x is axis `axis`, the channels taking its place; `back` goes from the map's
  # axes to those of x. A factor for x has an extent of 1 on that axis.
  fn gate(name, model_name, axis, shape, back) {
    fn turned(t) back ? Transpose(t, perm=back) : t
    if models name = model_name
    place = models ? "{name}.spatial." : "{name}.conv."
    z = turned(Concat(ReduceMax(x, [axis]), ReduceMean(x, [axis]), axis=axis))
    z = conv(z, "{place}conv.", 1, 2, kernel=kernel, bias=0)
    s = Sigmoid(norm(z, "{place}bn.", 1))
    map("spatial", s, shape, name)
    [turned(s)]
  }
  factors = gate("cw", "ChannelGateH", 2, "batch 1 channels width", [0, 2, 1, 3])
          + gate("hc", "ChannelGateW", 3, "batch 1 height channels", [0, 3, 2, 1])
  if spatial factors = factors + gate("hw", "SpatialGate", 1, "batch 1 height width")
  result(x * Mean(factors))
}
)";

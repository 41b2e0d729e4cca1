#include "attention/recipes.h"

const char heed::attention::recipes::criss_cross_attention[] = R"(
layer CrissCrossAttention {
  channels = channels_of("query_conv.weight", 1)
  hidden = extent("query_conv.weight", 0, $hidden(max(1, channels // 8)))
  x = arg("x", "batch {channels} height width")
  gamma = weight("gamma", [1], 1)
  passes = $recurrence(1)
  if passes > 16 wrong("the option 'recurrence' is above 16")
  for pass min(passes, 16) {
    q = conv(x, "query_conv.", hidden, channels)
    k = conv(x, "key_conv.", hidden, channels)
    # The map's rows sum to 1, so that gamma may be part of the convolution.
    y = CrissCross(q, k, conv(x, "value_conv.", channels, channels) * gamma)
    a = next()
    x = y + x
  }
  map("self", a, "batch height width places")
  result(x)
}
)";

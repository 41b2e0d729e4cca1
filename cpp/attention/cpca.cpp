#include "attention/recipes.h"

const char heed::attention::recipes::cpca[] = R"(
layer CPCA {
  channels = channels_of("conv.weight", 1)
  hidden = extent("ca.fc1.weight", 0, channels // $reduction(4))
  x = arg("x", "batch {channels} height width")
  fn pointwise(z) conv(z, "conv.", channels, channels)
  fn depthwise(z, height, width)
    conv(z, "dconv{height}_{width}.", channels, channels, kernel=[height, width], groups=channels)
  fn gate(z)
    Sigmoid(conv(Relu(conv(z, "ca.fc1.", hidden, channels)), "ca.fc2.", channels, hidden))
  t = Gelu(pointwise(x))
  c = gate(GlobalAveragePool(t)) + gate(GlobalMaxPool(t))
  u = t * c
  first = depthwise(u, 5, 5)
  sum = first
  for length [7, 11, 21] sum = depthwise(depthwise(first, 1, length), length, 1) + sum
  s = pointwise(sum)
  map("channel", c, "batch channels 1 1", "channel")
  map("spatial", s, "batch channels height width", "spatial")
  result(pointwise(s * u))
}
)";

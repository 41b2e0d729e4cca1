#include "attention/recipes.h"

const char heed::attention::recipes::ema[] = R"(
layer EMA {
  groups = $groups(32)
  channels = extent("gn.weight", 0) * groups
  if fresh() or $channels channels = told("channels", 0, 0)
  if channels % groups wrong("{channels} channels do not divide into {groups} groups")
  width = channels // groups
  x = arg("x", "batch {channels} height width")
  t = Reshape(x, [-1, width, 0, 0])
  fn gate(axis) Sigmoid(conv(ReduceMean(t, [axis]), "conv1x1.", width, width))
  gain = weight("gn.weight", [width], 2)
  bias = weight("gn.bias", [width], 1)
  first = InstanceNormalization(t * gate(3) * gate(2), gain, bias)
  second = conv(t, "conv3x3.", width, width, kernel=3)
  # The mean of what the norm gives is its bias.
  key = Reshape(Softmax(bias, axis=0), [width, 1])
  pooled = Reshape(GlobalAveragePool(second), [0, 1, -1])
  sum = Reshape(MatMul(tokens(second), key), [0, 1, -1])
      + MatMul(Softmax(pooled, axis=2), Reshape(first, [0, 0, -1]))
  a = map_like(Sigmoid(sum), x)
  map("spatial", a, "batch*groups 1 height width")
  result(Reshape(t * a, [-1, channels, 0, 0]))
}
)";

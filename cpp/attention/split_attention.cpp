#include "attention/recipes.h"

const char heed::attention::recipes::split_attention[] = R"(
layer SplitAttention {
  groups = $groups(1)
  radix = $radix(2)
  if fresh() {
    channels = channels_of("conv.weight", 1)
    out = $out(channels)
    hidden = $hidden(max(32, channels * radix // 4))
  } else {
    hidden = extent("fc1.weight", 0)
    groups = max(1, hidden // extent("fc2.weight", 1))
    out = extent("fc1.weight", 1) * groups
    radix = max(1, extent("conv.weight", 0) // out)
    if $groups(groups) != groups or $radix(radix) != radix
      wrong("the weights are of radix {radix} and {groups} groups")
    channels = extent("conv.weight", 1) * groups * radix
  }
  x = arg("x", "batch {channels} height width")
  y = conv(x, "conv.", out * radix, channels, kernel=$kernel(3), groups=groups * radix,
           stride=$stride(1), dilation=$dilation(1), padding=$padding(-1, 0))
  y = Relu(maybe_norm(y, "bn0.", out * radix))
  z = ReduceSum(Reshape(GlobalAveragePool(y), [0, radix, out, 1, 1]), [1], keepdims=0)
  z = conv(z, "fc1.", hidden, out, groups=groups)
  z = Relu(maybe_norm(z, "bn1.", hidden))
  z = conv(z, "fc2.", out * radix, hidden, groups=groups)
  sum = BranchSum(z, y, branches=radix, groups=groups)
  map("branch", next(), "batch radix channels 1 1")
  result(sum)
}
)";

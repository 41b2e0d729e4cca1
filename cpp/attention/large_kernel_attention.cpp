#include "attention/recipes.h"

const char heed::attention::recipes::large_kernel_attention[] = R"(
layer LargeKernelAttention {
  block = fresh() ? $block() : has("proj_1.weight")
  unit = block ? "spatial_gating_unit." : ""
  channels = channels_of("{unit}conv1.weight", 1)
  x = arg("x", "batch {channels} height width")
  fn deep(z, name, kernel, dilation)
    conv(z, "{unit}{name}.", channels, channels, kernel=kernel, groups=channels, dilation=dilation)
  t = block ? Gelu(conv(x, "proj_1.", channels, channels)) : x
  wide = deep(deep(t, "conv0", 5), "conv_spatial", 7, $dilation(3))
  a = conv(wide, "{unit}conv1.", channels, channels)
  map("spatial", a, "batch channels height width")
  result(block ? conv(t * a, "proj_2.", channels, channels) + x : t * a)
}
)";

#include "attention/recipes.h"

const char heed::attention::recipes::soca[] = R"(
layer SOCA {
  if below("non_local.") {
    # Nonlocal_CA, the quarters ending where half of the size, rounded down, does.
    for name ["0.weight", "0.bias", "2.weight", "2.bias"] ignore("soca.conv_du.{name}")
    x = arg("x", "batch channels height width")
    half = size(x) / [2]
    far = 1073741823
    rows = []
    for i 2 {
      quarters = []
      for j 2 {
        quarter = Slice(x, half * [i, j], half + [far * i, far * j], [2, 3])
        number = 2 * i + j
        quarters = quarters + [under("non_local.", "quarter{number}", quarter) layer("NonLocal")]
      }
      rows = rows + [Concat(quarters, axis=3)]
    }
    return result(Concat(rows, axis=2))
  }
  channels = channels_of("conv_du.0.weight", 1)
  hidden = extent("conv_du.0.weight", 0, $hidden(max(1, channels // $reduction(8))))
  x = arg("x", "batch {channels} height width")
  PooledGate(SecondOrderPool(x, crop=$crop(1000, 0)), connected("conv_du.0.", hidden, channels),
             connected("conv_du.2.", channels, hidden), hidden=act("", "relu"), gate=act("", "sigmoid"))
  s = next()
  map("channel", s, "batch channels 1 1")
  result(x * s)
}
)";

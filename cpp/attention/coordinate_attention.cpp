#include "attention/recipes.h"

const char heed::attention::recipes::coordinate_attention[] = R"(
layer CoordinateAttention {
  channels = channels_of("conv1.weight", 1)
  hidden = extent("conv1.weight", 0, $hidden(max(8, channels // 32)))
  x = arg("x", "batch {channels} height width")
  # What the official code joins and splits again is computed apart: nothing mixes positions.
  fn gate(axis, place) {
    z = conv(ReduceMean(x, [axis]), "conv1.", hidden, channels)
    Sigmoid(conv(HardSwish(norm(z, "bn1.", hidden)), place, channels, hidden))
  }
  rows = gate(3, "conv_h.")
  columns = gate(2, "conv_w.")
  map("spatial", rows, "batch channels height 1", "rows")
  map("spatial", columns, "batch channels 1 width", "columns")
  result(x * columns * rows)
}
)";

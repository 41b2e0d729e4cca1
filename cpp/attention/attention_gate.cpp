#include "attention/recipes.h"

const char heed::attention::recipes::attention_gate[] = R"(
layer AttentionGate {
  additive = fresh() ? $form("grid|additive") : has("W_x.0.weight")
  of_x = additive ? "W_x.0." : "theta."
  of_g = additive ? "W_g.0." : "phi."
  name = "{of_x}weight"
  channels = channels_of(name, 1)
  gating = told_by("{of_g}weight", 1, "gating")
  hidden = extent(name, 0, $hidden(channels // 2))
  x = arg("x", "batch {channels} height width")
  spatial = additive ? "height width" : "rows columns"
  g = arg("g", "batch {gating} {spatial}")
  fn unit(z, name, out, in) norm(conv(z, "{name}.0.", out, in), "{name}.1.", out)
  if additive {
    sum = unit(g, "W_g", hidden, gating) + unit(x, "W_x", hidden, channels)
    a = Sigmoid(unit(Relu(sum), "psi", 1, hidden))
  } else {
    kernel = extent(name, 2, 2)
    theta = conv(x, of_x, hidden, channels, kernel=kernel, stride=kernel, padding=0, bias=0)
    phi = conv(g, of_g, hidden, gating)
    sum = theta + resize(phi, size(theta), "half_pixel")
    a = resize(Sigmoid(conv(Relu(sum), "psi.", 1, hidden)), size(x), "half_pixel")
  }
  map("spatial", a, "batch 1 height width")
  y = x * a
  result(additive ? y : unit(y, "W", channels, channels))
}
)";

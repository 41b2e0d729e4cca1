#include "attention/recipes.h"

const char heed::attention::recipes::bam[] = R"(
# How many weights there are, numbered from 0 on; of a new layer `fallback`.
fn count_weights(place, fallback) {
  n = 0
  while has("{place}{n}.weight") n = n + 1
  n or fallback
}

layer BAM {
  xmu = below("ca.ca.")
  c_place = xmu ? "ca.ca." : "channel_att.gate_c.gate_c_"
  s_place = xmu ? "sa.sa." : "spatial_att.gate_s.gate_s_"
  di = xmu ? "" : "di_"
  fc = xmu ? "{c_place}fc" : "{c_place}fc_"
  fc_norm = xmu ? "{c_place}bn" : "{c_place}bn_"
  convolved = "{s_place}conv_{di}"
  channels = channels_of("{fc}0.weight", 1)
  ratio = $reduction(16)
  hidden = extent("{fc}0.weight", 0, channels // ratio)
  connections = count_weights(fc, 1)
  convolutions = count_weights(convolved, 2)
  dilation = $dilation(xmu ? 2 : 4)
  padding = $padding(xmu ? 1 : dilation, 0)
  lost = 2 * (dilation - padding) * convolutions
  least = lost > 0 ? lost + 1 : 0
  x = arg("x", "batch {channels} {least} {least}")
  fn unit(z, place, norm_place, in, kernel)
    Relu(norm(conv(z, "{place}.", hidden, in, kernel=kernel, dilation=kernel and dilation,
                   padding=kernel and padding), "{norm_place}.", hidden))
  c = GlobalAveragePool(x)
  for i connections
    c = unit(c, "{fc}{i}", "{fc_norm}{i + !xmu}", i ? hidden : channels)
  c = conv(c, xmu ? "{c_place}last_fc." : "{c_place}fc_final.", channels, hidden)
  reduce = xmu ? "reduce1" : "reduce0"
  s = unit(x, "{s_place}conv_{reduce}", "{s_place}bn_{reduce}", channels)
  for i convolutions s = unit(s, "{convolved}{i}", "{s_place}bn_{di}{i}", hidden, 3)
  s = conv(s, xmu ? "{s_place}last_conv." : "{s_place}conv_final.", 1, hidden)

  sum = $merge ? $merge("product|sum") : xmu
  a = Sigmoid(sum ? c + s : c * s) + 1
  map("spatial", a, "batch channels height width")
  result(x * a)
}
)";

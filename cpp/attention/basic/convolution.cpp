#include "attention/recipes.h"

const char heed::attention::recipes::convolution[] = R"(
# The weight's first two axes change places when transposed.
fn convolution(count, transposed) {
  groups = $groups(1)
  in_axis = transposed ? 0 : 1
  in = fresh() ? told("inChannels", 0, 0) : extent("weight", in_axis) * (transposed ? 1 : groups)
  out = fresh() ? told("outChannels", 0, 0) : extent("weight", 1 - in_axis) * (transposed ? groups : 1)
  if in % groups or out % groups
    wrong("{in} input and {out} output channels do not divide into so many groups: {groups}")
  if fresh() and !$kernelSize invalid("a new layer needs the option 'kernelSize'")
  shape = transposed ? [in, out // groups] : [out, in // groups]
  given = axes("kernelSize", count, 1, 1)
  dilations = axes("dilation", count, 1, 1)
  same = []
  for i count {
    k = extent("weight", 2 + i, given[i])
    shape = shape + [k]
    same = same + [dilations[i] * (k - 1) // 2]
  }
  if !transposed and is_text("padding") {
    $padding("same")
    pads = same
  } else pads = axes("padding", count, 0, 0)
  w = weight("weight", shape)
  bias = bias_of("", out)
  strides = axes("stride", count, 1, 1)
  spatial = count == 1 ? "length" : "height width"
  x = arg("x", "batch {in} {spatial}")
  result(transposed
      ? ConvTranspose(x, w, bias, group=groups, pads=pads + pads, dilations=dilations, strides=strides,
                      output_padding=axes("outputPadding", count, 0, 0))
      : Conv(x, w, bias, group=groups, pads=pads + pads, dilations=dilations, strides=strides))
}

layer Conv1d convolution(1)
layer Conv2d convolution(2)
layer ConvTranspose2d convolution(2, 1)
)";

#include "attention/recipes.h"

const char heed::attention::recipes::harmonious_attention[] = R"(
# A convolution and its batch norm; everywhere in HA-CNN a ReLU follows.
fn ha_block(x, place, out, in, kernel, stride)
  norm(conv(x, "{place}.conv.", out, in, kernel=kernel, stride=stride), "{place}.bn.", out)

fn ha_spatial(x, place) {
  y = Relu(ha_block(ReduceMean(x, [1]), "{place}conv1", 1, 1, 3, 2))
  Relu(ha_block(upsample(y, 2), "{place}conv2", 1, 1))
}

# `z` is what x is pooled to.
fn ha_channel(z, place, channels) {
  reduction = $reduction(16)
  if fresh() and channels % reduction
    wrong("{channels} channels are no multiple of the reduction, {reduction}")
  hidden = extent("{place}conv1.conv.weight", 0, channels // reduction)
  z = Relu(ha_block(z, "{place}conv1", hidden, channels))
  Relu(ha_block(z, "{place}conv2", channels, hidden))
}

# The 1x1 convolution's input is a product of a map and a vector, so that it needs to see the vector
# alone: block(s * c) = s * (block(c) - block(0)) + block(0).
fn ha_soft(x, z, place, channels) {
  s = ha_spatial(x, "{place}spatial_attn.")
  c = ha_channel(z, "{place}channel_attn.", channels)
  offset = ha_block(Expand(0, [1, channels, 1, 1]), "{place}conv", channels, channels)
  rest = ha_block(c, "{place}conv", channels, channels) - offset
  Sigmoid(Relu(s * rest + offset))
}

fn ha_centres(z, place, channels) Tanh(Reshape(conv(z, "{place}fc.", 8, channels), [-1, 4, 2]))

# The regions of x around these centres: all of its width, a quarter of its height.
fn ha_crops(x, theta) {
  # From (tx, ty) to the matrix [[1, 0, tx], [0, 1 / 4, ty]].
  matrices = MatMul(theta, floats([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [2, 6]),
                    floats([1, 0, 0, 0, 0.25, 0], [6]))
  align = $alignCorners(1, 0)
  y = GridSample(x, affine_grid(Reshape(matrices, [-1, 2, 3]), size(x), align),
                 grids=4, align_corners=align)
  if $size y = resize(y, axes("size", 2, 1, 1), "align_corners")
  Reshape(y, Concat([-1, 4], Shape(y, start=1), axis=0))
}

layer SpatialAttn
  result(map("spatial", ha_spatial(arg("x", "batch channels height width"), ""),
             "batch 1 height width"))

layer ChannelAttn {
  channels = channels_of("conv1.conv.weight", 1)
  z = GlobalAveragePool(arg("x", "batch {channels} height width"))
  result(map("channel", ha_channel(z, "", channels), "batch channels 1 1"))
}

layer SoftAttn {
  channels = channels_of("conv.conv.weight", 1)
  x = arg("x", "batch {channels} height width")
  y = ha_soft(x, GlobalAveragePool(x), "", channels)
  result(map("spatial", y, "batch channels height width"))
}

layer HardAttn {
  channels = channels_of("fc.weight", 1)
  x = arg("x", "batch {channels} height width")
  theta = ha_centres(GlobalAveragePool(x), "", channels)
  map("region", theta, "batch 4 2")
  result(theta, "theta")
  result(ha_crops(x, theta), "crops")
}

layer HarmoniousAttention {
  channels = channels_of("hard_attn.fc.weight", 1)
  x = arg("x", "batch {channels} height width")
  z = GlobalAveragePool(x)
  s = ha_soft(x, z, "soft_attn.", channels)
  theta = ha_centres(z, "hard_attn.", channels)
  map("spatial", s, "batch channels height width", "soft")
  map("region", theta, "batch 4 2", "theta")
  result(x * s)
  result(ha_crops(x, theta), "crops")
}
)";

#include "attention/recipes.h"

const char heed::attention::recipes::deformable_attention[] = R"(
layer DeformableAttention {
  channels = channels_of("proj_q.weight", 1)
  heads = $heads(4)
  groups = $groups(1)
  if channels % heads or heads % groups {
    raw("proj_q.weight")  # which may be why
    return wrong("{channels} channels, {heads} heads and {groups} groups do not divide")
  }
  width = channels // groups
  x = arg("x", "batch {channels} height width")
  batch = extent_of(x, 0)
  extents = size(x)
  q = conv(x, "proj_q.", channels, channels)

  # Pairs (x, y) here, as grids have them; the weights and the recorded map say (y, x).
  fn flipped(pairs, axis) Gather(pairs, [1, 0], axis=axis)
  # 1 / (n - 1) of (columns, rows).
  fn steps_of(size) Reciprocal(real(flipped(size, 0)) - 1)
  # (rows, columns, 1, 2): (i + shift) / (n - 1) * 2 - 1 for every place of a grid; `size` is (rows,
  # columns), `steps` 1 / (n - 1) of (columns, rows).
  fn grid_of(size, steps, shift) {
    fn line(axis, shape, along)
      Reshape(real(count_up(Slice(size, [axis], [axis + 1], [0]))), shape) * floats(along, [2])
    at = line(0, [-1, 1, 1, 1], [0, 1]) + line(1, [-1, 1, 1], [1, 0])
    (at + shift) * (steps * 2) - 1
  }
  fn sample(x, grid) GridSample(x, grid, align_corners=1)

  # The same network moves the points of all groups.
  kernel = []
  pads = []
  stride = $stride(1)
  for i 2 {
    k = extent("conv_offset.0.weight", 2 + i, $kernel(3))
    kernel = kernel + [k]
    pads = pads + [k == stride ? 0 : k // 2]
  }
  all = Tile(weight("conv_offset.0.weight", [width, 1] + kernel), [groups, 1, 1, 1])
  biases = Tile(weight("conv_offset.0.bias", [width]), [groups])
  moved = Conv(q, all, biases, group=channels, strides=[stride, stride], pads=pads + pads)
  points = size(moved)
  moved = Reshape(Transpose(moved, perm=[0, 2, 3, 1]), [0, 0, 0, groups, width])
  moved = Gelu(layer_norm(moved, "conv_offset.1.norm.", width))
  moved = MatMul(moved, flipped(weight("conv_offset.3.weight", [2, width]), 0), transB=1)
  steps = steps_of(points)
  range = num("offsetRange", 1)
  if range >= 0 moved = Tanh(moved) * (steps * range)
  at = moved + grid_of(points, steps, 0.5)
  if range < 0 at = Clip(at, -1, 1)
  at = Transpose(at, perm=[0, 3, 1, 2, 4])  # (batch, groups, rows, columns, 2)
  positions = flipped(at, 4)
  grid = Reshape(at, Concat([-1], points, [2], axis=0))

  s = sample(reshape_behind(x, [-1, width], extents), grid)
  s = reshape_behind(Transpose(s, perm=[0, 2, 3, 1]), batch, [groups, -1, width])
  s = Reshape(Transpose(s, perm=[0, 2, 1, 3]), [0, -1, channels])

  if fresh() ? $size : has("rpe_table") {
    made_for = axes("size", 2, 1, 1)
    shape = []
    for i 2 shape = shape + [$size ? 2 * made_for[i] - 1 : extent("rpe_table", 1 + i)]
    table = weight("rpe_table", [heads] + shape)
    repeated = Expand(table, Concat(batch, [1, 1, 1], axis=0))
    queries = Reshape(grid_of(extents, steps_of(extents), 0), [-1, 1, 2])
    away = queries - Reshape(grid, [0, 1, -1, 2])
    pairs = sample(Reshape(repeated, [-1, heads // groups] + shape), away * 0.5)
    mask = Reshape(pairs, Concat(batch, [heads, -1], extent_of(pairs, 3), axis=0))
  }
  y = attend(tokens(q), linear(s, "proj_k.", channels, channels),
             linear(s, "proj_v.", channels, channels), mask, heads=heads)
  record_joined_heads()
  map("region", positions, "batch groups rows columns 2", "positions")
  if has("rpe_table.weight")
    y = y + tokens(conv(q, "rpe_table.", channels, channels, groups=channels))
  result(from_tokens(linear(y, "proj_out.", channels, channels), x))
}
)";

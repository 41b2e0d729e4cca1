#include "attention/deformable_attention.h"

#include "attention/positions.h"
#include "attention/windows.h"

namespace heed::attention {

namespace {

// Pairs (x, y) here, as grids have them; the weights and the recorded map say (y, x).
Value flipped(Builder& b, Value pairs, int axis) {
  const Value order = b.integers({1, 0});
  return b.set("axis", axis).node("Gather", {pairs, order});
}

// (rows, columns, 1, 2): (i + shift) / (n - 1) * 2 - 1 for every place of a grid; `size` is (rows,
// columns), `steps` 1 / (n - 1) of (columns, rows).
Value grid_of(Builder& b, Value size, Value steps, float shift) {
  const float unit[] = {1, 0, 1};
  const auto line = [&](int axis, const float* along) {
    Value at = to_float(b, count_up(b, b.slice(size, 0, axis, axis + 1)));
    at = axis == 0 ? b.reshape(at, {-1, 1, 1, 1}) : b.reshape(at, {-1, 1, 1});
    return b.mul(at, b.constant(make_constant(std::span<const float>(along, 2), Shape{2})));
  };
  const Value at = b.add(line(0, unit + 1), line(1, unit));
  return b.sub(b.mul(b.add(at, b.scalar(shift)), b.mul(steps, b.scalar(2))), b.scalar(1));
}

// 1 / (n - 1) of (columns, rows).
Value steps_of(Builder& b, Value size) {
  const Value extents = to_float(b, flipped(b, size, 0));
  return b.node("Reciprocal", {b.sub(extents, b.scalar(1))});
}

Value sample(Builder& b, Value x, Value grid) {
  return b.set("align_corners", 1).node("GridSample", {x, grid});
}

}  // namespace

void build_deformable_attention(Builder& b) {
  const Extent channels = b.channels("proj_q.weight", 1);
  const Extent heads = b.integer("heads", 4, 1), groups = b.integer("groups", 1, 1);
  if (channels % heads != 0 || heads % groups != 0) {
    b.raw_weight("proj_q.weight");  // which may be why
    b.fail(Code::kWrongValue, channels, " channels, ", heads, " heads and ", groups,
           " groups do not divide");
    return;
  }
  const Extent width = channels / groups;
  const Value x = b.argument("x", "batch # height width", {channels});
  const Value batch = extent_of(b, x, 0), size = b.size_of(x);
  const Value q = b.conv(x, "proj_q", {.out = channels, .in = channels});

  // The same network moves the points of all groups.
  constexpr char kMove[] = "conv_offset.0.weight";
  Extent kernel[2];
  for (int i = 0; i < 2; ++i) kernel[i] = b.extent(kMove, 2 + i, b.integer("kernel", 3, 1));
  const Extent stride = b.integer("stride", 1, 1);
  const int64_t top = kernel[0] == stride ? 0 : kernel[0] / 2;
  const int64_t left = kernel[1] == stride ? 0 : kernel[1] / 2;
  const Value weight = b.weight(kMove, {width, 1, kernel[0], kernel[1]});
  const Value all = b.node("Tile", {weight, b.integers({groups, 1, 1, 1})});
  const Value bias = b.weight("conv_offset.0.bias", {width});
  const Value all_biases = b.node("Tile", {bias, b.integers({groups})});
  Value moved = b.set("group", channels)
                    .set_list("strides", {stride, stride})
                    .set_list("pads", {top, left, top, left})
                    .node("Conv", {q, all, all_biases});
  const Value points = b.size_of(moved);
  moved = b.reshape(b.transpose(moved, "0231"), {0, 0, 0, groups, width});
  moved = b.gelu(b.layer_norm(moved, "conv_offset.1.norm", width));
  moved = b.matmul_rows(moved, flipped(b, b.weight("conv_offset.3.weight", {2, width}), 0));
  const Value steps = steps_of(b, points);
  const auto range = static_cast<float>(b.number("offsetRange", 1));
  if (range >= 0) moved = b.mul(b.tanh(moved), b.mul(steps, b.scalar(range)));
  Value at = b.add(moved, grid_of(b, points, steps, 0.5f));
  if (range < 0) at = b.node("Clip", {at, b.scalar(-1), b.scalar(1)});
  at = b.transpose(at, "03124");  // (batch, groups, rows, columns, 2)
  const Value positions = flipped(b, at, 4);
  const Value grid_shape = b.concat({b.integers({-1}), points, b.integers({2})}, 0);
  const Value grid = b.node("Reshape", {at, grid_shape});

  const Value map_shape = b.concat({b.integers({-1, width}), size}, 0);
  Value s = sample(b, b.node("Reshape", {x, map_shape}), grid);
  s = reshape_behind(b, b.transpose(s, "0231"), batch, {groups, -1, width});
  s = b.reshape(b.transpose(s, "0213"), {0, -1, channels});

  Value mask = kNoTensor;
  constexpr char kTable[] = "rpe_table";
  if (b.fresh() ? b.has_option("size") : b.has(kTable)) {
    const std::vector<int64_t> made_for = b.per_axis("size", 2, 1, 1);
    Extent extents[2];
    for (int i = 0; i < 2; ++i) {
      const Extent given = 2 * static_cast<Extent>(made_for[static_cast<size_t>(i)]) - 1;
      extents[i] = b.has_option("size") ? given : b.extent(kTable, 1 + i);
    }
    const Value table = b.weight(kTable, {heads, extents[0], extents[1]});
    const Value repeated = b.node("Expand", {table, b.concat({batch, b.integers({1, 1, 1})}, 0)});
    const Value tables = b.reshape(repeated, {-1, heads / groups, extents[0], extents[1]});
    const Value queries = b.reshape(grid_of(b, size, steps_of(b, size), 0), {-1, 1, 2});
    const Value away = b.sub(queries, b.reshape(grid, {0, 1, -1, 2}));
    const Value bias_of_pairs = sample(b, tables, b.mul(away, b.scalar(0.5f)));
    const Value shape =
        b.concat({batch, b.integers({heads, -1}), extent_of(b, bias_of_pairs, 3)}, 0);
    mask = b.node("Reshape", {bias_of_pairs, shape});
  }
  Value y = b.attend(b.tokens(q), b.linear(s, "proj_k", channels, channels),
                     b.linear(s, "proj_v", channels, channels), mask, {.heads = heads}, nullptr);
  record_joined_heads(b);
  b.map("region", positions, "batch groups rows columns 2", "positions");
  if (b.has(join(kTable, ".weight"))) {
    const Value local = b.conv(q, kTable, {.out = channels, .in = channels, .groups = channels});
    y = b.add(y, b.tokens(local));
  }
  b.result(from_tokens(b, b.linear(y, "proj_out", channels, channels), x));
}

}  // namespace heed::attention

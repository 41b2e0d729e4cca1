#include "attention/relative_attention.h"

#include <algorithm>
#include <cmath>

#include "attention/positions.h"
#include "attention/windows.h"

namespace heed::attention {

namespace {

constexpr char kHeight[] = "pos_embed.height_rel", kWidth[] = "pos_embed.width_rel";

struct Heads2d {
  Extent channels = 1, heads = 1;
  Extent width = 1, value_width = 1;  // of a head
  WindowSize queries, keys;
};

// Sizes from the weights; `rows` is the output extent of the convolution that gives `key_parts` (q
// and k, or k) and the values.
Heads2d read_heads(Builder& b, const char* weight, Extent key_parts, Extent fallback_heads,
                   Extent told_heads) {
  Heads2d h;
  h.channels = b.channels(weight, 1);
  h.heads = b.told("heads", fallback_heads, told_heads);
  const Extent out = b.integer("out", h.channels, 1);
  h.width = b.extent(kHeight, 1, b.integer("width", std::max<Extent>(1, out / h.heads), 1));
  const Extent of_keys = key_parts * h.heads * h.width;
  const Extent values = b.fresh() ? out : b.extent(weight, 0) - of_keys;
  if (values < 1 || values % h.heads != 0) {
    b.fail(Code::kWrongValue, values, " channels of values do not divide into ", h.heads, " heads");
  }
  h.value_width = std::max<Extent>(1, values / h.heads);
  return h;
}

// Attention of tokens, (batch, positions, heads * width). The embeddings take part as if queries
// and keys were longer: a query has its products with the embeddings of all rows and columns of
// keys, a key has a one where its row and its column are. So there is no matrix of all pairs.
Value attend_relative(Builder& b, const Heads2d& h, Value q, Value k, Value v) {
  const Extent rows = h.keys.rows, columns = h.keys.columns, longer = h.width + rows + columns;
  const float root = std::sqrt(static_cast<float>(h.width));
  q = b.reshape(q, {-1, h.queries.rows, h.queries.columns, h.heads, h.width});
  const auto products = [&](const char* name, const char* equation, Extent queries, Extent keys) {
    const Value table = b.weight(name, {2 * keys - 1, h.width});
    return b.einsum(equation, q,
                    b.node("Gather", {table, lattice(b, queries, keys, keys - 1, -1, 1)}));
  };
  const Value of_rows = products(kHeight, "byxhd,ykd->byxhk", h.queries.rows, rows);
  const Value of_columns = products(kWidth, "byxhd,xkd->byxhk", h.queries.columns, columns);
  q = b.reshape(b.concat({q, of_rows, of_columns}, 4), {-1, h.queries.count(), h.heads * longer});

  // Attention multiplies by 1 / root.
  const float one = b.flag("scalePosition") ? 1 : root;
  const NewConstant ones = make_constant(DType::kF32, {h.keys.count(), 1, longer});
  float* row = ones.values<float>();
  std::fill_n(row, ones.constant->shape.count(), 0.0f);
  for (Extent i = 0; i < h.keys.count(); ++i, row += longer) {
    row[h.width + i / columns] = row[h.width + rows + i % columns] = one;
  }
  k = b.reshape(k, {-1, h.keys.count(), h.heads, h.width});
  k = b.node("Pad", {k, b.integers({0, 0, 0, 0, 0, 0, 0, rows + columns})});
  k = b.reshape(b.add(k, b.constant(ones.constant)), {-1, h.keys.count(), h.heads * longer});
  return b.attend(q, k, v, kNoTensor, {.heads = h.heads, .scale = 1 / root}, nullptr);
}

}  // namespace

void build_bottleneck_attention(Builder& b) {
  Heads2d h = read_heads(b, "qkv.weight", 2, 4, 0);
  std::vector<int64_t> size = b.per_axis("size", 2, 1, 1);
  if (b.fresh() && !b.has_option("size")) {
    b.fail(Code::kInvalidArgument, "a new layer needs the option 'size'");
  }
  h.keys = {static_cast<Extent>(size[0]), static_cast<Extent>(size[1])};
  if (!b.has_option("size")) {
    h.keys = {(b.extent(kHeight, 0) + 1) / 2, (b.extent(kWidth, 0) + 1) / 2};
  }
  h.queries = h.keys;
  const Value x = b.argument("x", "batch # # #", {h.channels, h.keys.rows, h.keys.columns});
  const Extent keys = h.heads * h.width, values = h.heads * h.value_width;
  Value parts[3];
  convolve_in_parts(b, x, "qkv", h.channels, 1, {keys, keys, values}, parts);
  const Value y = attend_relative(b, h, b.tokens(parts[0]), b.tokens(parts[1]), b.tokens(parts[2]));
  record_joined_heads(b);
  b.result(pooled_by_stride(b, from_tokens(b, y, x), b.integer("stride", 1, 1)));
}

void build_halo_attention(Builder& b) {
  const Extent told_heads =
      b.has("q.weight") && b.has(kHeight) ? b.extent("q.weight", 0) / b.extent(kHeight, 1) : 0;
  Heads2d h = read_heads(b, "kv.weight", 1, 8, told_heads);
  const Extent block = b.integer("block", 8, 1), halo = b.integer("halo", 3, 0);
  const Extent stride = b.integer("stride", 1, 1);
  const bool average = b.flag("averageDown") || block % stride != 0;
  const Extent step = average ? 1 : stride;
  const Extent side = block / step, window = block + 2 * halo;
  h.queries = {side, side};
  h.keys = {window, window};
  const Extent keys = h.heads * h.width, values = h.heads * h.value_width;
  const Value x = b.argument("x", "batch # height width", {h.channels});
  const Value q = b.conv(x, "q",
                         {.out = keys,
                          .in = h.channels,
                          .stride = step,
                          .bias = b.flag("bias") ? Bias::kAsGiven : Bias::kNone});
  Value kv[2];
  convolve_in_parts(b, x, "kv", h.channels, h.heads, {h.width, h.value_width}, kv);

  // Rows and columns of queries, and of the windows of keys in the padded map.
  Value at[2], seen[2];
  for (int i = 0; i < 2; ++i) {
    at[i] = count_up(b, extent_of(b, q, 2 + i));
    const Value blocks = b.reshape(count_up(b, extent_of(b, x, 2 + i)), {-1, block});
    seen[i] = b.add(b.slice(blocks, 1, 0, 1), lattice(b, 1, window, 0, 0, 1));
  }
  const Value columns = extent_of(b, q, 3);
  const Value order = by_window(b, at[0], at[1], columns, h.queries);
  const Value padded_columns = b.add(extent_of(b, x, 3), b.integers({2 * halo}));
  const Value key_order = by_window(b, seen[0], seen[1], padded_columns, h.keys);
  const auto windows = [&](Value map, Extent width) {
    const Value pads = b.integers({0, halo, halo, 0, 0, halo, halo, 0});
    const Value padded = b.node("Pad", {b.transpose(map, "0231"), pads});
    const Value tokens = gather_positions(b, b.reshape(padded, {0, -1, width}), key_order);
    return b.reshape(tokens, {-1, h.keys.count(), width});
  };
  const Value queries =
      b.reshape(gather_positions(b, b.tokens(q), order), {-1, h.queries.count(), keys});
  Value y = attend_relative(b, h, queries, windows(kv[0], keys), windows(kv[1], values));
  const Value map = b.next_output();
  const Value batch = extent_of(b, x, 0);
  const Value by_head = b.transpose(
      reshape_behind(b, map, batch, {-1, h.heads, h.queries.count(), h.keys.count()}), "02134");
  const Value front = b.concat(
      {b.integers({-1}), b.div(extent_of(b, order, 0), b.integers({h.queries.count()}))}, 0);
  b.map("self", reshape_behind(b, by_head, front, {h.queries.count(), h.keys.count()}),
        "batch*heads blocks queries keys");
  y = reshape_behind(b, y, batch, {-1, values});
  y = gather_positions(b, y, place_in_windows(b, at[0], at[1], columns, h.queries));
  b.result(pooled_by_stride(b, from_tokens(b, y, q), average ? stride : 1));
}

}  // namespace heed::attention

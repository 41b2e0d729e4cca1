#include "attention/recipes.h"

const char heed::attention::recipes::relative_attention[] = R"(
# Channels, heads, width of a head, and of its values; from the weights. The convolution `name` gives
# `key_parts` (q and k, or k) and the values.
fn relative_heads(name, key_parts, fallback, found) {
  channels = channels_of(name, 1)
  heads = told("heads", fallback, found)
  out = $out(channels)
  width = extent("pos_embed.height_rel", 1, $width(max(1, out // heads)))
  values = fresh() ? out : extent(name, 0) - key_parts * heads * width
  if values < 1 or values % heads
    wrong("{values} channels of values do not divide into {heads} heads")
  [channels, heads, width, max(1, values // heads)]
}

# Attention of tokens, (batch, positions, heads * width); `sides` are rows and columns of queries,
# `spans` those of keys. A query's products with the embeddings of all rows and of all columns of
# keys are its mask, so that there is no matrix of all pairs.
fn attend_relative(q, k, v, heads, width, sides, spans) {
  parts = Reshape(q, [-1, sides[0], sides[1], heads, width])
  fn products(name, equation, i) {
    table = weight("pos_embed.{name}_rel", [2 * spans[i] - 1, width])
    at = lattice(sides[i], spans[i], spans[i] - 1, -1, 1)
    Einsum(parts, Gather(table, at), equation=equation)
  }
  mask = Concat(products("height", "byxhd,ykd->byxhk", 0), products("width", "byxhd,xkd->byxhk", 1), axis=4)
  mask = Reshape(mask, [-1, sides[0] * sides[1], heads, spans[0] + spans[1]])
  mask = Transpose(mask, perm=[0, 2, 1, 3])
  root = sqrt(width)
  if $scalePosition() mask = mask / root
  ScaledDotProduct(q, k, v, mask, form="tokens", heads=heads, scale=1 / root, empty_rows="zero",
                   mask_columns=spans[1])
}

layer BottleneckAttention {
  h = relative_heads("qkv.weight", 2, 4, 0)
  heads = h[1]
  width = h[2]
  made_for = axes("size", 2, 1, 1)
  if fresh() and !$size invalid("a new layer needs the option 'size'")
  fn side(i, name) $size ? made_for[i] : (extent("pos_embed.{name}_rel", 0) + 1) // 2
  rows = side(0, "height")
  columns = side(1, "width")
  x = arg("x", "batch {h[0]} {rows} {columns}")
  p = convolve_in_parts(x, "qkv.", h[0], 1, [heads * width, heads * width, heads * h[3]])
  y = attend_relative(tokens(p[0]), tokens(p[1]), tokens(p[2]), heads, width,
                      [rows, columns], [rows, columns])
  record_joined_heads()
  result(pooled_by_stride(from_tokens(y, x), $stride(1)))
}

layer HaloAttention {
  found = has("q.weight") and has("pos_embed.height_rel")
  h = relative_heads("kv.weight", 1, 8,
                     found ? extent("q.weight", 0) // extent("pos_embed.height_rel", 1) : 0)
  channels = h[0]
  heads = h[1]
  width = h[2]
  block = $block(8)
  halo = $halo(3, 0)
  stride = $stride(1)
  average = $averageDown() or block % stride
  step = average ? 1 : stride
  side = block // step
  span = block + 2 * halo
  count = side * side
  spans = span * span
  sides = [side, side]
  keys = heads * width
  values = heads * h[3]
  x = arg("x", "batch {channels} height width")
  q = conv(x, "q.", keys, channels, stride=step, bias=$bias() ? none : 0)
  kv = convolve_in_parts(x, "kv.", channels, heads, [width, h[3]])

  # Rows and columns of queries, and of the windows of keys in the padded map.
  fn at(i) count_up(extent_of(q, 2 + i))
  fn seen(i) {
    blocks = Reshape(count_up(extent_of(x, 2 + i)), [-1, block])
    Slice(blocks, [0], [1], [1]) + lattice(1, span, 0, 0, 1)
  }
  y_at = at(0)
  y_seen = seen(0)
  x_at = at(1)
  x_seen = seen(1)
  columns = extent_of(q, 3)
  order = by_window(y_at, x_at, columns, sides)
  key_order = by_window(y_seen, x_seen, extent_of(x, 3) + [2 * halo], [span, span])
  fn cut(t, c) {
    padded = Pad(Transpose(t, perm=[0, 2, 3, 1]), [0, halo, halo, 0, 0, halo, halo, 0])
    Reshape(gather_positions(Reshape(padded, [0, -1, c]), key_order), [-1, spans, c])
  }
  queries = Reshape(gather_positions(tokens(q), order), [-1, count, keys])
  y = attend_relative(queries, cut(kv[0], keys), cut(kv[1], values), heads, width, sides, [span, span])
  a = next()
  batch = extent_of(x, 0)
  a = reshape_behind(a, batch, [-1, heads, count, spans])
  blocks = extent_of(order, 0) / [count]
  a = reshape_behind(Transpose(a, perm=[0, 2, 1, 3, 4]), Concat([-1], blocks, axis=0), [count, spans])
  map("self", a, "batch*heads blocks queries keys")
  y = gather_positions(reshape_behind(y, batch, [-1, values]), place_in_windows(y_at, x_at, columns, sides))
  result(pooled_by_stride(from_tokens(y, q), average ? stride : 1))
}
)";

#include "attention/recipes.h"

const char heed::attention::recipes::window_attention[] = R"(
layer WindowAttention {
  place = below("attn.") ? "attn." : ""
  table = "{place}relative_position_bias_table"
  heads = told("heads", 0, has(table) ? extent(table, 1) : 0)
  channels = channels_of("{place}qkv.weight", 1)
  width = extent("{place}qkv.weight", 0, 3 * channels)
  if width % (3 * heads) wrong("{width} rows of qkv do not divide into {heads} heads")
  if fresh() and !$window invalid("a new layer needs the option 'window'")
  window = axes("window", 2, (sqrt(extent(table, 0)) + 1) // 2, 1)
  # Its table has 2^22 rows.
  if max(window[0], window[1]) > 1024 {
    wrong("the option 'window' is above 1024")
    window = [1, 1]
  }
  count = window[0] * window[1]
  ignore("attn_mask")
  ignore("{place}relative_position_index")

  # (1 or windows, heads, positions, positions)
  fn bias_of_pairs(mask) {
    line = 2 * window[1] - 1
    rows = (2 * window[0] - 1) * line
    middle = (rows - 1) / 2
    values = Transpose(weight(table, [rows, heads]), perm=[1, 0])
    # The table's row for query - key is the difference of theirs, counted from its middle.
    at = lattice(window[0], window[1], middle, line, 1)
    index = Reshape(at, [-1, 1]) - (Reshape(at, [1, -1]) - [middle])
    bias = gather_positions(values, index)
    mask ? Reshape(mask, [-1, 1, count, count]) + bias : bias
  }
  # Tokens of windows, (batch * windows, positions, channels), to the same.
  fn attended(x, mask) {
    qkv = linear(x, "{place}qkv.", width, channels)
    y = attend(qkv, none, none, bias_of_pairs(mask), form="packed", heads=heads, scale=num("scale", 0))
    map("self", next(), "batch heads queries keys")
    linear(y, "{place}proj.", channels, width // 3)
  }

  # One axis of a map in windows: its size; that padded; what comes to each place of it (sources);
  # where that goes (targets); and 1 where the rolled map has been joined to its beginning.
  fn in_windows(x, axis, extent) {
    size = extent_of(x, axis)
    padded = (size + [extent - 1]) / [extent] * [extent]
    [size, padded, count_up(padded), count_up(size)]
  }
  fn rolled(a, shift, period) {
    fn turn(at, by) (at + by) % period
    joined = Cast(a[2] >= a[1] - shift, to=7)
    [a[0], a[1], Where(a[2] < period, turn(a[2], shift), a[2]), turn(a[3], period - shift), joined]
  }
  # x is (batch, height, width, channels).
  fn attended_map(x) {
    y = in_windows(x, 1, window[0])
    z = in_windows(x, 2, window[1])
    dialect = $dialect("timm|torchvision|official")
    shift = axes("shift", 2, 0, 0)
    if shift[0] + shift[1] > 0 {
      period = dialect == 1
      # 1 where the axis has more than one window.
      fn several(a, extent) Cast(a[period] > [extent], to=7)
      rows = several(y, window[0])
      columns = several(z, window[1])
      if dialect == 2 {
        rows = rows * columns
        columns = rows
      }
      y = rolled(y, rows * [shift[0]], y[period])
      z = rolled(z, columns * [shift[1]], z[period])
      # (windows, positions, positions): -100 between positions of different groups.
      group = by_window(y[4], z[4], [2], window)
      same = Equal(Reshape(group, [-1, count, 1]), Reshape(group, [-1, 1, count]))
      mask = Where(same, 0, -100)
    }
    pads = Concat([0, 0, 0, 0, 0], y[1] - y[0], z[1] - z[0], [0], axis=0)
    padded = Reshape(Pad(x, pads), [0, -1, channels])
    t = gather_positions(padded, by_window(y[2], z[2], z[1], window))
    t = attended(Reshape(t, [-1, count, channels]), mask)
    t = reshape_behind(t, extent_of(x, 0), [-1, channels])
    Reshape(gather_positions(t, place_in_windows(y[3], z[3], z[1], window)), Shape(x))
  }

  layout = $layout("windows|NHWC|NCHW")
  if layout == 0 {
    x = arg("x", "batch*windows {count} {channels}")
    y = attended(x, opt("mask", "windows {count} {count}"))
  } else if layout == 1 y = attended_map(arg("x", "batch height width {channels}"))
  else {
    x = arg("x", "batch {channels} height width")
    y = Transpose(attended_map(Transpose(x, perm=[0, 2, 3, 1])), perm=[0, 3, 1, 2])
  }
  result(y)
}
)";

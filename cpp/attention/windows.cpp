// Maps cut into windows. Where each row of a window comes from is a table of indices, which the
// plan computes once from the map's size; rolling, padding and cutting are then one gather of rows,
// and so is the way back. A window is a list: its rows, its columns.
#include "attention/recipes.h"

const char heed::attention::recipes::windows[] = R"(
# (rows, columns) integers: first + row * down + column * right.
fn lattice(rows, columns, first, down, right)
  Reshape(count_up([rows]), [-1, 1]) * [down] + [first] + count_up([columns]) * [right]

# From what is known of each row (windows of an axis * rows of a window) and of each column, y *
# factor + x for every position of every window, window by window: (all windows * positions).
fn by_window(y, x, factor, window) {
  rows = Reshape(y, [-1, 1, window[0], 1]) * factor
  Reshape(rows + Reshape(x, [1, -1, 1, window[1]]), [-1])
}

# Where a position stands in that order, for the positions whose rows and columns are `y` and `x`;
# `columns`: of all windows side by side.
fn place_in_windows(y, x, columns, window) {
  # Window index * outer + place in it * inner.
  fn place(at, extent, outer, inner) at / [extent] * outer + at % [extent] * [inner]
  rows = place(y, window[0], columns * [window[0]], window[1])
  Reshape(Reshape(rows, [-1, 1]) + place(x, window[1], [window[0] * window[1]], 1), [-1])
}

# (batch, positions, channels) at the positions of a table.
fn gather_positions(t, table) Gather(t, table, axis=1)
)";

// Maps cut into windows. Where each row of a window comes from is a table of indices, which the
// plan computes once from the map's size; rolling, padding and cutting are then one gather of rows,
// and so is the way back.
#pragma once

#include "attention/builder.h"

namespace heed::attention {

// Extents of rows and columns.
struct WindowSize {
  Extent rows = 1, columns = 1;
  Extent count() const { return rows * columns; }
};

// 0, 1, .. limit - 1, for an integer tensor (1).
Value count_up(Builder& b, Value limit);
// (rows, columns) integers: first + row * down + column * right.
Value lattice(Builder& b, Extent rows, Extent columns, int64_t first, int64_t down, int64_t right);

// From what is known of each row (windows of an axis * rows of a window) and of each column, y *
// factor + x for every position of every window, window by window: (all windows * positions).
Value by_window(Builder& b, Value y, Value x, Value factor, const WindowSize& window);
// Where a position stands in that order, for the positions whose rows and columns are `y` and `x`;
// `columns`: of all windows side by side.
Value place_in_windows(Builder& b, Value y, Value x, Value columns, const WindowSize& window);

// (batch, positions, channels) at the positions of a table.
Value gather_positions(Builder& b, Value tokens, Value table);

}  // namespace heed::attention

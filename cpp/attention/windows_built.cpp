#include "attention/windows.h"

namespace heed::attention {

Value count_up(Builder& b, Value limit) {
  return b.node("Range", {b.integers({0}), limit, b.integers({1})});
}

Value lattice(Builder& b, Extent rows, Extent columns, int64_t first, int64_t down, int64_t right) {
  std::vector<int64_t> values;
  for (Extent row = 0; row < rows; ++row) {
    for (Extent column = 0; column < columns; ++column) {
      values.push_back(first + row * down + column * right);
    }
  }
  return b.constant(make_constant(std::span<const int64_t>(values), Shape{rows, columns}));
}

Value by_window(Builder& b, Value y, Value x, Value factor, const WindowSize& window) {
  const Value rows = b.mul(b.reshape(y, {-1, 1, window.rows, 1}), factor);
  return b.reshape(b.add(rows, b.reshape(x, {1, -1, 1, window.columns})), {-1});
}

namespace {

// Window index * outer + place in it * inner.
Value place(Builder& b, Value at, Extent window, Value outer, Extent inner) {
  const Value extent = b.integers({window});
  return b.add(b.mul(b.div(at, extent), outer),
               b.mul(b.node("Mod", {at, extent}), b.integers({inner})));
}

}  // namespace

Value place_in_windows(Builder& b, Value y, Value x, Value columns, const WindowSize& window) {
  const Value strip = b.mul(columns, b.integers({window.rows}));
  const Value rows = place(b, y, window.rows, strip, window.columns);
  const Value places = place(b, x, window.columns, b.integers({window.count()}), 1);
  return b.reshape(b.add(b.reshape(rows, {-1, 1}), places), {-1});
}

Value gather_positions(Builder& b, Value tokens, Value table) {
  return b.set("axis", 1).node("Gather", {tokens, table});
}

}  // namespace heed::attention

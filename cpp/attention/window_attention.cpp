#include "attention/window_attention.h"

#include <algorithm>
#include <cmath>

#include "attention/positions.h"
#include "attention/windows.h"

namespace heed::attention {

namespace {

enum Dialect { kTimm, kTorchvision, kOfficial };

// One axis of a map in windows.
struct Axis {
  Value size, padded;  // (1)
  Value sources;       // (padded): what comes there
  Value targets;       // (size): where that goes
  Value group;         // (padded): 1 where the rolled map has been joined to its beginning
};

Axis axis_in_windows(Builder& b, Value x, int axis, Extent window) {
  const Value extent = b.integers({window});
  Axis a;
  a.size = extent_of(b, x, axis);
  a.padded = b.mul(b.div(b.add(a.size, b.integers({window - 1})), extent), extent);
  a.sources = count_up(b, a.padded);
  a.targets = count_up(b, a.size);
  a.group = kNoTensor;
  return a;
}

void roll(Builder& b, Axis& a, Value shift, Value period) {
  const auto turn = [&](Value at, Value by) { return b.node("Mod", {b.add(at, by), period}); };
  a.group = to_integer(b, b.node("GreaterOrEqual", {a.sources, b.sub(a.padded, shift)}));
  const Value rolled = b.node("Less", {a.sources, period});
  a.sources = b.node("Where", {rolled, turn(a.sources, shift), a.sources});
  a.targets = turn(a.targets, b.sub(period, shift));
}

class Windows {
 public:
  Windows(Builder& b, std::string prefix) : b_(b), prefix_(std::move(prefix)) {
    const std::string table = join(prefix_, "relative_position_bias_table");
    heads_ = b.told("heads", 0, b.has(table) ? b.extent(table, 1) : 0);
    channels_ = b.channels(join(prefix_, "qkv.weight"), 1);
    width_ = b.extent(join(prefix_, "qkv.weight"), 0, 3 * channels_);
    if (width_ % (3 * heads_) != 0) {
      b.fail(Code::kWrongValue, width_, " rows of qkv do not divide into ", heads_, " heads");
    }
    const double side = (std::sqrt(static_cast<double>(b.extent(table, 0))) + 1) / 2;
    if (b.fresh() && !b.has_option("window")) {
      b.fail(Code::kInvalidArgument, "a new layer needs the option 'window'");
    }
    const std::vector<int64_t> given = b.per_axis("window", 2, static_cast<int64_t>(side), 1);
    constexpr int64_t kMost = 1024;  // its table has 2^22 rows
    if (std::max(given[0], given[1]) > kMost) {
      b.fail(Code::kWrongValue, "the option 'window' is above ", kMost);
      return;
    }
    window_ = {static_cast<Extent>(given[0]), static_cast<Extent>(given[1])};
    b.ignore("attn_mask");
    b.ignore(join(prefix_, "relative_position_index"));
  }

  Extent channels() const { return channels_; }
  const WindowSize& window() const { return window_; }

  // Tokens of windows, (batch * windows, positions, channels), to the same.
  Value attend(Value x, Value mask) {
    const Value qkv = b_.linear(x, join(prefix_, "qkv"), width_, channels_);
    Heads heads{.form = "packed", .heads = heads_};
    heads.scale = static_cast<float>(b_.number("scale", 0));
    const Value y = b_.attend(qkv, kNoTensor, kNoTensor, bias(mask), heads, "attention");
    return b_.linear(y, join(prefix_, "proj"), channels_, width_ / 3);
  }

 private:
  // (1 or windows, heads, positions, positions)
  Value bias(Value mask) {
    const Extent line = 2 * window_.columns - 1, rows = (2 * window_.rows - 1) * line;
    const Value table = b_.weight(join(prefix_, "relative_position_bias_table"), {rows, heads_});
    // The table's row for query - key is the difference of theirs, counted from its middle.
    const Value at = lattice(b_, window_.rows, window_.columns, rows / 2, line, 1);
    const Value middle = b_.sub(b_.reshape(at, {1, -1}), b_.integers({rows / 2}));
    const Value index = b_.sub(b_.reshape(at, {-1, 1}), middle);
    const Value bias = gather_positions(b_, b_.transpose(table, "10"), index);
    if (mask == kNoTensor) return bias;
    return b_.add(b_.reshape(mask, {-1, 1, window_.count(), window_.count()}), bias);
  }

  Builder& b_;
  std::string prefix_;
  Extent heads_ = 1, channels_ = 1, width_ = 3;
  WindowSize window_;
};

// (windows, positions, positions): -100 between positions of different groups.
Value seam_mask(Builder& b, const Axis& y, const Axis& x, const WindowSize& window) {
  const Value group = by_window(b, y.group, x.group, b.integers({2}), window);
  const Extent count = window.count();
  const Value same =
      b.node("Equal", {b.reshape(group, {-1, count, 1}), b.reshape(group, {-1, 1, count})});
  return b.node("Where", {same, b.scalar(0), b.scalar(-100)});
}

// x is (batch, height, width, channels).
Value attend_map(Builder& b, Windows& windows, Value x) {
  const WindowSize& window = windows.window();
  Axis y = axis_in_windows(b, x, 1, window.rows);
  Axis z = axis_in_windows(b, x, 2, window.columns);
  const auto dialect = static_cast<Dialect>(b.choice("dialect", "timm|torchvision|official"));
  const std::vector<int64_t> shift = b.per_axis("shift", 2, 0, 0);
  Value mask = kNoTensor;
  if (shift[0] + shift[1] > 0) {
    const auto period = [&](const Axis& a) { return dialect == kTorchvision ? a.padded : a.size; };
    // 1 where the axis has more than one window.
    const auto several = [&](const Axis& a, Extent extent) {
      return to_integer(b, b.node("Greater", {period(a), b.integers({extent})}));
    };
    Value rows = several(y, window.rows), columns = several(z, window.columns);
    if (dialect == kOfficial) rows = columns = b.mul(rows, columns);
    roll(b, y, b.mul(rows, b.integers({shift[0]})), period(y));
    roll(b, z, b.mul(columns, b.integers({shift[1]})), period(z));
    mask = seam_mask(b, y, z, window);
  }
  const Value pads = b.concat({b.integers({0, 0, 0, 0, 0}), b.sub(y.padded, y.size),
                               b.sub(z.padded, z.size), b.integers({0})},
                              0);
  const Value padded = b.reshape(b.node("Pad", {x, pads}), {0, -1, windows.channels()});
  Value tokens = gather_positions(b, padded, by_window(b, y.sources, z.sources, z.padded, window));
  tokens = b.reshape(tokens, {-1, window.count(), windows.channels()});
  const Value batch = extent_of(b, x, 0);
  tokens = reshape_behind(b, windows.attend(tokens, mask), batch, {-1, windows.channels()});
  tokens = gather_positions(b, tokens, place_in_windows(b, y.targets, z.targets, z.padded, window));
  return b.node("Reshape", {tokens, b.node("Shape", {x})});
}

}  // namespace

void build_window_attention(Builder& b) {
  Windows windows(b, b.has_below("attn.") ? "attn." : "");
  const Extent channels = windows.channels(), count = windows.window().count();
  switch (b.choice("layout", "windows|NHWC|NCHW")) {
    case 0: {
      const Value x = b.argument("x", "batch*windows # #", {count, channels});
      b.result(windows.attend(x, b.optional_argument("mask", "windows # #", {count, count})));
      break;
    }
    case 1:
      b.result(attend_map(b, windows, b.argument("x", "batch height width #", {channels})));
      break;
    default: {
      const Value x = b.argument("x", "batch # height width", {channels});
      b.result(b.transpose(attend_map(b, windows, b.transpose(x, "0231")), "0312"));
    }
  }
}

}  // namespace heed::attention

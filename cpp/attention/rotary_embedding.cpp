#include "attention/rotary_embedding.h"

namespace heed::attention {

namespace {

Value range(Builder& b, Value from, Value to, float step) {
  return b.node("Range", {from, to, b.scalar(step)});
}

// The row (axis 0) or column (axis 1) of every token of a grid; 0 for those in front of it.
Value grid_positions(Builder& b, Extent prefix, const int64_t* size, int axis) {
  const auto rows = static_cast<Extent>(size[0]), columns = static_cast<Extent>(size[1]);
  if (prefix + size[0] * size[1] > 1 << 24) {
    b.fail(Code::kWrongValue, "the options 'size' and 'prefixTokens' are too large");
    return b.scalar(0);
  }
  const NewConstant made = make_constant(DType::kF32, {prefix + rows * columns, 1});
  float* to = made.values<float>();
  for (Extent i = 0; i < prefix; ++i) *to++ = 0;
  for (Extent i = 0; i < rows * columns; ++i) {
    *to++ = static_cast<float>(axis == 0 ? i / columns : i % columns);
  }
  return b.constant(made.constant);
}

}  // namespace

Rotary rotary_positions(Builder& b, Value x, int axis, Value width, bool interleaved) {
  Rotary rotary;
  rotary.interleaved = interleaved;
  rotary.rotated = b.integer("rotaryWidth", 0, 2);
  if (rotary.rotated > 0) width = b.scalar(static_cast<float>(rotary.rotated));
  const auto base = static_cast<float>(b.number("base", 10000));
  const auto offset = static_cast<float>(b.integer("offset", 0));
  const bool grid = b.has_option("size");
  const Value part = grid ? b.mul(width, b.scalar(0.5f)) : width;
  const Value powers = b.div(range(b, b.scalar(0), part, 2), part);
  const Value steps = b.node("Pow", {b.scalar(1 / base), powers});
  Value angles;
  if (grid) {
    const std::vector<int64_t> size = b.per_axis("size", 2, 1, 1);
    const Extent prefix = b.integer("prefixTokens", 0);
    angles = b.concat({b.mul(grid_positions(b, prefix, size.data(), 0), steps),
                       b.mul(grid_positions(b, prefix, size.data(), 1), steps)},
                      1);
  } else {
    const Value first = b.scalar(offset);
    const Value positions = range(b, first, b.add(b.extent_of(x, axis), first), 1);
    angles = b.mul(b.reshape(positions, {-1, 1}), steps);
  }
  rotary.cosines = b.node("Cos", {angles});
  rotary.sines = b.node("Sin", {angles});
  return rotary;
}

Value rotate(Builder& b, Value x, const Rotary& rotary, Extent heads) {
  return b.set("num_heads", heads)
      .set("interleaved", rotary.interleaved)
      .set("rotary_embedding_dim", rotary.rotated)
      .node("RotaryEmbedding", {x, rotary.cosines, rotary.sines});
}

void build_rotary_embedding(Builder& b) {
  const Extent heads = b.integer("heads", 0, 1);
  const Value x = heads > 0 ? b.argument("x", "batch length channels")
                            : b.argument("x", "batch heads length width");
  Value width = b.extent_of(x, heads > 0 ? 2 : 3);
  if (heads > 0) width = b.div(width, b.scalar(static_cast<float>(heads)));
  const bool interleaved = b.choice("layout", "half|interleaved") == 1;
  b.result(rotate(b, x, rotary_positions(b, x, heads > 0 ? 1 : 2, width, interleaved), heads));
}

}  // namespace heed::attention

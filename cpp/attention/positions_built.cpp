#include "attention/positions.h"

namespace heed::attention {

namespace {

// By the number of spatial axes.
constexpr const char* kChannelsLast[] = {"", "021", "0231", "02341"};
constexpr const char* kChannelsFirst[] = {"", "021", "0312", "04123"};

}  // namespace

Value to_tokens(Builder& b, Value x, Extent channels, int axes) {
  return b.reshape(b.transpose(x, kChannelsLast[axes]), {0, -1, channels});
}

Value from_tokens(Builder& b, Value tokens, Value like, int axes) {
  const Value spatial = b.set("start", 2).node("Shape", {like});
  const Value shape = b.concat({b.integers({0}), spatial, b.integers({-1})}, 0);
  return b.transpose(b.node("Reshape", {tokens, shape}), kChannelsFirst[axes]);
}

Value to_float(Builder& b, Value x) { return b.set("to", 1).node("Cast", {x}); }
Value to_integer(Builder& b, Value x) { return b.set("to", 7).node("Cast", {x}); }

Value extent_of(Builder& b, Value x, int axis) {
  return b.set("start", axis).set("end", axis + 1).node("Shape", {x});
}

Value reshape_behind(Builder& b, Value x, Value front, std::initializer_list<int64_t> rest) {
  return b.node("Reshape", {x, b.concat({front, b.integers(rest)}, 0)});
}

void convolve_in_parts(Builder& b, Value x, std::string_view name, Extent in, Extent heads,
                       std::initializer_list<Extent> widths, Value* parts) {
  Extent sum = 0;
  for (Extent width : widths) sum += width;
  const Value weight =
      b.reshape(b.weight(join(name, ".weight"), {heads * sum, in}), {heads, sum, in});
  Value bias =
      b.optional_weight(join(name, ".bias"), {heads * sum}, b.flag("bias"), Fill::kUniform);
  if (bias != kNoTensor) bias = b.reshape(bias, {heads, sum});
  Extent first = 0;
  for (Extent width : widths) {
    const auto part = [&](Value all) { return b.slice(all, 1, first, first + width); };
    const Value added = bias == kNoTensor ? bias : b.reshape(part(bias), {-1});
    *parts++ = b.node("Conv", {x, b.reshape(part(weight), {-1, in, 1, 1}), added});
    first += width;
  }
}

Value pooled_by_stride(Builder& b, Value x, Extent stride) {
  if (stride == 1) return x;
  return b.set_list("kernel_shape", {stride, stride})
      .set_list("strides", {stride, stride})
      .node("AveragePool", {x});
}

void record_single_head(Builder& b) {
  b.map("self", b.node("Squeeze", {b.next_output(), b.integers({1})}), "batch queries keys");
}

void record_joined_heads(Builder& b) {
  const Value map = b.next_output();
  const Value size = b.size_of(map);
  const Value shape = b.concat({b.integers({-1}), size}, 0);
  b.map("self", b.node("Reshape", {map, shape}), "batch*heads queries keys");
}

}  // namespace heed::attention

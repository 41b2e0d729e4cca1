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

Value extent_of(Builder& b, Value x, int axis) {
  return b.set("start", axis).set("end", axis + 1).node("Shape", {x});
}

Value reshape_behind(Builder& b, Value x, Value front, std::initializer_list<int64_t> rest) {
  return b.node("Reshape", {x, b.concat({front, b.integers(rest)}, 0)});
}

void record_single_head(Builder& b) {
  b.map("self", b.node("Squeeze", {b.next_output(), b.integers({1})}), "batch queries keys");
}

}  // namespace heed::attention

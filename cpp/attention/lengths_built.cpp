#include "attention/lengths.h"

#include <limits>

namespace heed::attention {

Value seen_positions(Builder& b, Value x, int axis, int rank) {
  const Value lengths = b.optional_argument("lengths", "batch");
  if (lengths == kNoTensor) return kNoTensor;
  const Value extent = b.set("start", axis).set("end", axis + 1).node("Shape", {x});
  const Value all = b.node("Range", {b.integers({0}), extent, b.integers({1})});
  return b.node("Less", {all, rank == 3 ? b.reshape(lengths, {-1, 1, 1})
                                        : b.reshape(lengths, {-1, 1, 1, 1})});
}

Value positions(Builder& b, Value x, int axis) {
  return b.node("Range", {b.scalar(0), b.extent_of(x, axis), b.scalar(1)});
}

Value masked_softmax(Builder& b, Value scores, Value seen) {
  if (seen == kNoTensor) return b.softmax(scores, -1);
  // Finite: where nothing is seen, all are equal, and the product makes them zeros.
  const Value hidden = b.scalar(std::numeric_limits<float>::lowest());
  const Value shares = b.softmax(b.node("Where", {seen, scores, hidden}), -1);
  return b.mul(shares, b.set("to", 1).node("Cast", {seen}));
}

Value attend_once(Builder& b, Value q, Value k, Value v, Value mask, float scale,
                  const char* kind) {
  const Value y = b.attend(q, k, v, mask, {.scale = scale}, nullptr);
  const Value map = b.next_output();
  b.map(kind, b.node("Squeeze", {map, b.integers({1})}), "batch queries keys");
  return y;
}

}  // namespace heed::attention

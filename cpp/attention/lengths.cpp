// What attention over sequences of different lengths is made of.
#include "attention/recipes.h"

const char heed::attention::recipes::lengths[] = R"(
# The input `lengths`, int64 (batch), as what is seen along `axis` of x: bool (batch, 1, extent), or
# as `shape` says. Nothing where it is not given.
fn seen_positions(x, axis, shape) {
  lengths = opt("lengths", "batch")
  lengths and count_up(extent_of(x, axis)) < Reshape(lengths, shape or [-1, 1, 1])
}

# The positions 0, 1, ... along `axis` of x, as float32.
fn positions(x, axis) Range(0, real(extent_of(x, axis)), 1)

# Softmax over the last axis of what is seen (nothing: all). The others get 0, all of them where
# nothing is seen: what is hidden is finite, so that all are equal, and the product makes them 0.
fn masked_softmax(scores, seen)
  seen ? Softmax(Where(seen, scores, -3.4028235e38), axis=-1) * real(seen)
       : Softmax(scores, axis=-1)
)";

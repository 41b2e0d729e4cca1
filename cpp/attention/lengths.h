// What attention over sequences of different lengths is made of.
#pragma once

#include "attention/builder.h"

namespace heed::attention {

// The input `lengths`, int64 (batch), as what is seen along `axis` of x: bool (batch, 1, extent),
// or with `rank` 4 (batch, 1, 1, extent). kNoTensor where it is not given.
Value seen_positions(Builder& b, Value x, int axis, int rank = 3);

// The positions 0, 1, ... along `axis` of x, as float32.
Value positions(Builder& b, Value x, int axis);

// Softmax over the last axis of what is seen (bool; kNoTensor: all). The others get 0, all of them
// where nothing is seen.
Value masked_softmax(Builder& b, Value scores, Value seen);

// Attention in one head, with its map (batch, queries, keys).
Value attend_once(Builder& b, Value q, Value k, Value v, Value mask, float scale, const char* kind);

}  // namespace heed::attention

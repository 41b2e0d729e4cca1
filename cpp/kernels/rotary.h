// Rotary position embedding.
#pragma once

#include "kernels/attention.h"

namespace heed::kernels {

// For every batch, head and row, with c and s the cosines and sines (rotated / 2) of that row's
// position, the first `rotated` elements are turned in pairs (u, v): u' = u c - v s, v' = u s + v
// c. The others are copied.
//   pairs: (x[i], x[i + rotated / 2]), or interleaved (x[2 i], x[2 i + 1])
struct RotaryEmbedding {
  Extent batch = 0, heads = 0, rows = 0, width = 0;
  Extent rotated = 0;  // even, at most width
  bool interleaved = false;
  Extent positions = 0;  // rows of the caches
  AttentionSteps x, y;   // element steps are 1
};

// cosines and sines: (positions, rotated / 2). `ids` (batch, rows) are positions, clamped to those
// there are; null: row r of batch b is position (b * rows + r) % positions. y may be x when their
// steps are equal.
void rotary_embedding(const RotaryEmbedding& shape, float* y, const float* x, const float* cosines,
                      const float* sines, const int64_t* ids);

}  // namespace heed::kernels

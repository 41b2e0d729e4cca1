// The scores of additive (Bahdanau) attention.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// e[n, t, s] = sum_i v[i] tanh(q[n, t, i] + k[n, s, i] + b[i])
struct AdditiveScore {
  Extent batch = 0, queries = 0, keys = 0, width = 0;
};

// q (batch, queries, width), k (batch, keys, width), v and b (width; b may be null: zeros), e
// (batch, queries, keys), all contiguous; e overlaps nothing. `scratch` holds `width` floats: no
// tensor (queries, keys, width) is made.
void additive_score(const AdditiveScore& shape, float* e, const float* q, const float* k,
                    const float* v, const float* b, float* scratch);

}  // namespace heed::kernels

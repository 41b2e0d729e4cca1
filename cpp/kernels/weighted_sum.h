// Sums of a few tensors, each times a weight that broadcasts to it.
#pragma once

#include "kernels/iterate.h"

namespace heed::kernels {

inline constexpr int kMaxTerms = kMaxOperands - 2;

// y = sum_m weights[m] * x[m], or with `adds` y = y + that, over the loop (perhaps periodic) of (y,
// weights, x[0], ..., x[terms - 1]).
struct WeightedSum {
  Loop loop;
  int terms = 0;           // at most kMaxTerms
  Extent weight_step = 0;  // floats from a weight of term m to that of term m + 1
  bool adds = false;
};

// y overlaps neither weights nor x. One pass over x, and one over y.
void weighted_sum(const WeightedSum& sum, float* y, const float* weights, const float* const* x);

}  // namespace heed::kernels

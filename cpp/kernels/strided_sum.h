// Sums over axes of a tensor wherever its elements lie.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// One axis of a loop: index i of it is the element i * step.
struct SumAxis {
  Extent extent, step;
};

// output[i] = sum of input over all indices of `summed`, for every index of `kept`, last one
// fastest; the output is contiguous. At most kMaxRank axes each; steps of 0 and several axes over
// the same elements (diagonals) are fine.
struct StridedSum {
  int kept_rank = 0, summed_rank = 0;
  SumAxis kept[kMaxRank], summed[kMaxRank];
};

void strided_sum(const StridedSum& shape, const float* input, float* output);

}  // namespace heed::kernels

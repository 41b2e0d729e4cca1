#include "kernels/strided_sum.h"

namespace heed::kernels {

namespace {

// Calls body(offset) for every index of the axes.
template <class F>
void for_each_offset(const SumAxis* axes, int rank, F&& body) {
  Extent at[kMaxRank] = {};
  for (int axis = 0; axis < rank; ++axis) {
    if (axes[axis].extent == 0) return;
  }
  Extent offset = 0;
  for (;;) {
    body(offset);
    int axis = rank - 1;
    for (; axis >= 0; --axis) {
      offset += axes[axis].step;
      if (++at[axis] < axes[axis].extent) break;
      offset -= axes[axis].step * axes[axis].extent;
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}

}  // namespace

void strided_sum(const StridedSum& shape, const float* input, float* output) {
  for_each_offset(shape.kept, shape.kept_rank, [&](Extent offset) {
    float sum = 0;
    for_each_offset(shape.summed, shape.summed_rank,
                    [&](Extent inner) { sum += input[offset + inner]; });
    *output++ = sum;
  });
}

}  // namespace heed::kernels

#include "kernels/weighted_sum.h"

#include "kernels/row.h"
#include "simd/f32x4.h"

namespace heed::kernels {

using namespace simd;

void weighted_sum(const WeightedSum& sum, float* y, const float* weights, const float* const* x) {
  const Loop& loop = sum.loop;
  for_each_row(loop, [&](const Extent* at, Extent count) {
    float y_buffer[kMaxRow], x_buffer[kMaxRow], weight_buffer[kMaxRow];
    float* row = write_row(y + at[0], loop.row_steps[0], y_buffer);
    if (sum.adds) read_row(y + at[0], loop.row_steps[0], count, y_buffer);
    for (int m = 0; m < sum.terms; ++m) {
      const bool first = m == 0 && !sum.adds;
      const float* from = read_row(x[m] + at[m + 2], loop.row_steps[m + 2], count, x_buffer);
      const Run<float> w =
          read_run(loop, 1, weights + at[1] + m * sum.weight_step, count, weight_buffer);
      for_each_vector(count, [&](Extent i, int n) {
        const f32x4 before = first ? zero() : load_partial(row + i, n);
        const f32x4 weight = load_partial(w.at + i * w.advance, n);
        store_partial(row + i, madd(load_partial(from + i, n), weight, before), n);
      });
    }
    finish_row(y + at[0], loop.row_steps[0], count, row);
  });
}

}  // namespace heed::kernels

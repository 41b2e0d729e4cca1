#include "kernels/channel_sum.h"

#include "kernels/elementwise_unary.h"
#include "kernels/gemv.h"
#include "kernels/row.h"
#include "simd/f32x4.h"

namespace heed::kernels {

using namespace simd;

void channel_sum(const ChannelSum& sum, const float* x, const float* w, const float* bias,
                 float* y) {
  const Extent positions = sum.positions;
  for (Extent n = 0; n < sum.batch; ++n, x += sum.batch_step, y += positions) {
    gemv(positions, sum.channels, w, x, sum.channel_step, sum.position_step, y);
    if (bias) {
      for_each_vector(positions, [&](Extent i, int lanes) {
        store_partial(y + i, load_partial(y + i, lanes) + load_splat(bias), lanes);
      });
    }
    activate_row(sum.activation, y, positions);
  }
}

}  // namespace heed::kernels

#include "kernels/additive_score.h"

#include "kernels/row.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

void additive_score(const AdditiveScore& shape, float* e, const float* q, const float* k,
                    const float* v, const float* b, float* scratch) {
  const Extent width = shape.width;
  for (Extent n = 0; n < shape.batch; ++n, k += shape.keys * width) {
    for (Extent t = 0; t < shape.queries; ++t, q += width) {
      for_each_vector(width, [&](Extent i, int lanes) {
        const f32x4 shift = b ? load_partial(b + i, lanes) : zero();
        store_partial(scratch + i, load_partial(q + i, lanes) + shift, lanes);
      });
      const float* key = k;
      for (Extent s = 0; s < shape.keys; ++s, key += width) {
        f32x4 sum = zero();
        // Lanes past the width have v = 0 and tanh(0).
        for (Extent i = 0; i < width; i += kLanes) {
          const f32x4 inner =
              load_partial(scratch + i, width - i) + load_partial(key + i, width - i);
          sum = madd(load_partial(v + i, width - i), tanh(inner), sum);
        }
        *e++ = horizontal_sum(sum);
      }
    }
  }
}

}  // namespace heed::kernels

#include "kernels/rotary.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/row.h"
#include "simd/f32x4.h"

namespace heed::kernels {

using namespace simd;

namespace {

void turn_halves(float* y, const float* x, const float* c, const float* s, Extent half) {
  for_each_vector(half, [&](Extent i, int n) {
    const f32x4 u = load_partial(x + i, n), v = load_partial(x + half + i, n);
    const f32x4 cosine = load_partial(c + i, n), sine = load_partial(s + i, n);
    store_partial(y + i, u * cosine - v * sine, n);
    store_partial(y + half + i, madd(u, sine, v * cosine), n);
  });
}

void turn_neighbours(float* y, const float* x, const float* c, const float* s, Extent half) {
  for (Extent i = 0; i < half; ++i) {
    const float u = x[2 * i], v = x[2 * i + 1];
    y[2 * i] = u * c[i] - v * s[i];
    y[2 * i + 1] = u * s[i] + v * c[i];
  }
}

}  // namespace

void rotary_embedding(const RotaryEmbedding& shape, float* y, const float* x, const float* cosines,
                      const float* sines, const int64_t* ids) {
  const Extent half = shape.rotated / 2;
  parallel_for(shape.batch * shape.rows, 64, [&](Extent begin, Extent end) {
    for (Extent i = begin; i < end; ++i) {
      const int64_t wanted = ids ? ids[i] : i % shape.positions;
      const Extent position =
          static_cast<Extent>(std::clamp<int64_t>(wanted, 0, shape.positions - 1)) * half;
      const Extent batch = i / shape.rows, row = i % shape.rows;
      for (Extent head = 0; head < shape.heads; ++head) {
        const float* from = x + batch * shape.x.batch + head * shape.x.head + row * shape.x.row;
        float* to = y + batch * shape.y.batch + head * shape.y.head + row * shape.y.row;
        const auto turn = shape.interleaved ? turn_neighbours : turn_halves;
        turn(to, from, cosines + position, sines + position, half);
        std::copy(from + shape.rotated, from + shape.width, to + shape.rotated);
      }
    }
  });
}

}  // namespace heed::kernels

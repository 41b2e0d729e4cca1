#include "kernels/pooled_gate.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/elementwise_unary.h"
#include "kernels/row.h"
#include "simd/f32x4.h"

namespace heed::kernels {

using namespace simd;

namespace {

float dot(const float* a, const float* b, Extent count) {
  f32x4 s0 = zero(), s1 = s0, s2 = s0, s3 = s0;
  Extent i = 0;
  for (; i + 16 <= count; i += 16) {
    s0 = madd(load(a + i), load(b + i), s0);
    s1 = madd(load(a + i + 4), load(b + i + 4), s1);
    s2 = madd(load(a + i + 8), load(b + i + 8), s2);
    s3 = madd(load(a + i + 12), load(b + i + 12), s3);
  }
  f32x4 sum = (s0 + s1) + (s2 + s3);
  for_each_vector(count - i, [&](Extent j, int n) {
    sum = madd(load_partial(a + i + j, n), load_partial(b + i + j, n), sum);
  });
  return horizontal_sum(sum);
}

// y = activation(W x + b), W (out, in).
void full_connection(Extent out, Extent in, const float* w, const float* b, const float* x,
                     const Activation& activation, float* y) {
  for (Extent row = 0; row < out; ++row) {
    y[row] = dot(w + row * in, x, in) + (b ? b[row] : 0.0f);
  }
  activate_row(activation, y, out);
}

}  // namespace

PooledGate make_pooled_gate(PooledGate gate) {
  const Shape shape = {gate.batch, gate.positions, gate.channels};
  Strides pooled;
  pooled[0] = gate.channels;
  pooled[2] = 1;
  gate.mean = make_reduction(shape, 1u << 1, strides_of(shape), pooled);
  return gate;
}

void pooled_gate(const PooledGate& gate, const PooledGateWeights& weights, float* y, float* map,
                 const float* x, float* scratch) {
  const Extent channels = gate.channels, hidden = gate.hidden_channels;
  float* pooled = scratch;
  reduce(ReduceKind::kMean, DType::kF32, gate.mean, pooled, x);
  for (Extent image = 0; image < gate.batch; ++image) {
    const float* z = pooled + image * channels;
    float* s = map + image * channels;
    if (hidden == 0) {
      full_connection(channels, channels, weights.w1, weights.b1, z, gate.gate, s);
      continue;
    }
    float* h = scratch + gate.batch * channels + image * hidden;
    full_connection(hidden, channels, weights.w1, weights.b1, z, gate.hidden, h);
    full_connection(channels, hidden, weights.w2, weights.b2, h, gate.gate, s);
  }
  // The means are used up: their place takes the factors.
  const f32x4 added = splat(gate.residual ? 1.0f : 0.0f);
  float* factors = pooled;
  for_each_vector(gate.batch * channels, [&](Extent i, int n) {
    store_partial(factors + i, load_partial(map + i, n) + added, n);
  });
  parallel_for(gate.batch * gate.positions,
               std::max<Extent>(1, 32768 / std::max<Extent>(1, channels)),
               [&](Extent begin, Extent end) {
                 const float* image_factors = factors + begin / gate.positions * channels;
                 Extent left = gate.positions - begin % gate.positions;
                 for (Extent row = begin; row < end; ++row) {
                   const float* from = x + row * channels;
                   float* to = y + row * channels;
                   for_each_vector(channels, [&](Extent c, int n) {
                     store_partial(
                         to + c, load_partial(from + c, n) * load_partial(image_factors + c, n), n);
                   });
                   if (--left > 0) continue;
                   left = gate.positions;
                   image_factors += channels;
                 }
               });
}

}  // namespace heed::kernels

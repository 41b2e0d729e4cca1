#include "kernels/pooled_gate.h"

#include <algorithm>

#include "kernels/elementwise_binary.h"
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

// y = W x + times * b, W (out, in).
void full_connection(Extent out, Extent in, const float* w, const float* b, float times,
                     const float* x, float* y) {
  for (Extent row = 0; row < out; ++row) {
    y[row] = dot(w + row * in, x, in) + (b ? times * b[row] : 0.0f);
  }
}

// y = scale * (y + x).
void add_rows(float* y, const float* x, float scale, Extent count) {
  for_each_vector(count, [&](Extent i, int n) {
    store_partial(y + i, (load_partial(y + i, n) + load_partial(x + i, n)) * splat(scale), n);
  });
}

// The gate of one image.
struct ImageGate {
  const PooledGate& gate;
  const PooledGateWeights& weights;

  void convolve(const float* z, float times, float* v) const {
    const Extent channels = gate.channels;
    for (Extent c = 0; c < channels; ++c) {
      const float* taps = weights.w1 + (gate.per_channel ? c * gate.taps : 0);
      float sum = weights.b1 ? times * weights.b1[gate.many_biases ? c : 0] : 0.0f;
      for (Extent j = 0; j < gate.taps; ++j) {
        Extent from = c + j - (gate.taps - 1) / 2;
        if (gate.circular) from = (from % channels + channels) % channels;
        if (from >= 0 && from < channels) sum += taps[j] * z[from];
      }
      v[c] = sum;
    }
  }

  // From the pooled channels (rows z, `step` apart) to s. h has room for the hidden channels of
  // each row. Connections are linear: sums are taken as early as they can be.
  void run(float* z, Extent step, float* h, float* s) const {
    const Extent channels = gate.channels, hidden = gate.hidden_channels;
    float* const used = z;  // once its own row is done
    Extent width = channels;
    int rows = gate.pools;
    const auto join = [&](float scale) {
      for (; rows > 1; --rows) {
        add_rows(z, z + (rows - 1) * step, rows == 2 ? scale : 1, width);
      }
    };
    if (gate.merge == PoolMerge::kPools) join(1.0f / static_cast<float>(rows));
    if (hidden > 0) {
      for (int row = 0; row < rows; ++row) {
        float* to = h + row * hidden;
        full_connection(hidden, channels, weights.w1, weights.b1, 1, z + row * step, to);
        activate_row(gate.hidden, to, hidden);
      }
      z = h;
      step = width = hidden;
    }
    const float biases = gate.merge == PoolMerge::kScores ? static_cast<float>(rows) : 1.0f;
    if (gate.merge == PoolMerge::kScores) join(1);
    for (int row = 0; row < rows; ++row) {
      const float* from = z + row * step;
      float* to = row == 0 ? s : used;
      if (gate.connection == Connection::kConvolution) {
        convolve(from, biases, to);
      } else if (gate.connection == Connection::kFull) {
        full_connection(channels, width, hidden > 0 ? weights.w2 : weights.w1,
                        hidden > 0 ? weights.b2 : weights.b1, biases, from, to);
      } else {
        std::copy_n(from, channels, to);
      }
      activate_row(gate.gate, to, channels);
      if (row > 0) add_rows(s, to, 1, channels);
    }
  }
};

}  // namespace

int64_t pooled_gate_scratch(const PooledGate& gate) {
  return gate.pools * (int64_t{gate.batch} * gate.channels + gate.hidden_channels);
}

void pooled_gate(const PooledGate& gate, const PooledGateWeights& weights, float* y, float* map,
                 const float* x, float* scratch) {
  const Extent all = gate.batch * gate.channels;
  reduce_floats({gate.kinds, static_cast<size_t>(gate.pools)}, gate.pooling, scratch, all, x);
  const ImageGate image{gate, weights};
  for (Extent first = 0; first < all; first += gate.channels) {
    image.run(scratch + first, all, scratch + gate.pools * all, map + first);
  }
  if (!y) return;
  // The pools are used up: their place takes the factors.
  const f32x4 added = splat(gate.residual ? 1.0f : 0.0f);
  for_each_vector(all, [&](Extent i, int n) {
    store_partial(scratch + i, load_partial(map + i, n) + added, n);
  });
  binary(BinaryKind::kMul, DType::kF32, gate.scaling, y, x, scratch);
}

}  // namespace heed::kernels

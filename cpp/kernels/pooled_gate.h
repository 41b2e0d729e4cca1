// The channel gate of squeeze-excite and its relatives as one step.
#pragma once

#include "kernels/activation.h"
#include "kernels/reduce.h"

namespace heed::kernels {

// z = mean of x over its positions
// s = gate(W2 hidden(W1 z + b1) + b2), or with one connection s = gate(W1 z + b1)
// y = x * s, or with `residual` y = x * (1 + s)
struct PooledGate {
  Extent batch = 0, positions = 0, channels = 0;
  Extent hidden_channels = 0;  // rows of W1; 0: one connection, W1 being (channels, channels)
  Activation hidden, gate;
  bool residual = false;
  Reduction mean;  // of x (batch, positions, channels) over positions
};

// Makes it complete: fills in `mean`.
PooledGate make_pooled_gate(PooledGate gate);

struct PooledGateWeights {
  const float* w1;  // (hidden_channels, channels), row-major
  const float* b1;  // (hidden_channels); may be null
  const float* w2;  // (channels, hidden_channels)
  const float* b2;  // (channels); may be null
};

// x and y (batch, positions, channels), contiguous; y may be x. map (batch, channels) gets s.
// `scratch` holds batch * (channels + hidden_channels) floats. Two passes over x: one to pool, one
// to scale.
void pooled_gate(const PooledGate& gate, const PooledGateWeights& weights, float* y, float* map,
                 const float* x, float* scratch);

}  // namespace heed::kernels

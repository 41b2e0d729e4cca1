// The channel gate of squeeze-excite and its relatives as one step.
#pragma once

#include "kernels/activation.h"
#include "kernels/reduce.h"

namespace heed::kernels {

// What stands between the pooled channels and the gate.
enum class Connection : uint8_t {
  kNone,         // v = z
  kFull,         // v = W1 z + b1, or with hidden channels v = W2 hidden(W1 z + b1) + b2
  kConvolution,  // v[c] = sum_j W1[c, j] z[c + j - (taps - 1) / 2] + b1[c], along the channels
};

// What is added up where there are several pools.
enum class PoolMerge : uint8_t {
  kScores,  // s = gate(sum of v(z)): every pool's z passes the connection, and brings its bias
  kPools,   // s = gate(v(mean of z))
  kGates,   // s = sum of gate(v(z))
};

// z[p] = pool p of x over its positions
// y = x * s, or with `residual` y = x * (1 + s)
struct PooledGate {
  Extent batch = 0, channels = 0;
  int pools = 0;
  ReduceKind kinds[kMaxTogether] = {};
  PoolMerge merge = PoolMerge::kScores;
  Connection connection = Connection::kNone;
  Extent hidden_channels = 0;  // rows of W1; 0: one full connection, W1 being (channels, channels)
  Extent taps = 0;             // of the convolution
  bool per_channel = false;    // each channel has taps of its own
  bool circular = false;       // the channels are a ring; else zeros lie around them
  bool many_biases = false;    // b1 of a convolution has one for each channel, not one for all
  Activation hidden, gate;
  bool residual = false;
  Reduction pooling;  // of x over positions, to (batch, channels)
  Loop scaling;       // of (y, x, s), perhaps periodic
};

// Any of them may be null: without bias.
struct PooledGateWeights {
  const float* w1;  // (hidden_channels, channels); of a convolution (channels or 1, taps)
  const float* b1;
  const float* w2;  // (channels, hidden_channels)
  const float* b2;
};

int64_t pooled_gate_scratch(const PooledGate& gate);  // floats

// x and y lie as `pooling` and `scaling` say; y may be null: only the map is wanted. map (batch,
// channels), contiguous, gets s. One pass over x to pool, and one to scale.
void pooled_gate(const PooledGate& gate, const PooledGateWeights& weights, float* y, float* map,
                 const float* x, float* scratch);

}  // namespace heed::kernels

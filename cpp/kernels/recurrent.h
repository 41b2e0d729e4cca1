// The loop over time of the recurrent layers. The products of all inputs with their weights have
// been made before.
#pragma once

#include "kernels/elementwise_unary.h"

namespace heed::kernels {

enum class RecurrentCell : uint8_t {
  kRnn,   // one gate:    h' = f(g + R h)
  kGru,   // gates z r n: h' = (1 - z) n + z h,  z, r = f(g + R h),
          //   n = g(g + R (r h)), or with linear_before_reset g(g + r (R h + bias))
  kLstm,  // gates i o f n: c' = f c + i n,  h' = o h(c'),
          //   i, f = f(g + R h + P c),  n = g(g + R h),  o = f(g + R h + P c')
};

constexpr Extent gate_count(RecurrentCell cell) {
  return cell == RecurrentCell::kRnn ? 1 : cell == RecurrentCell::kGru ? 3 : 4;
}

// function(input_scale * x)
struct RecurrentActivation {
  UnaryFunction function;
  float input_scale = 1;
};

// One direction of a layer. Steps are in elements.
struct Recurrent {
  RecurrentCell cell;
  Extent steps, batch, hidden;
  bool reverse = false;
  bool input_forget = false;         // LSTM: the forget gate is 1 - i
  bool linear_before_reset = false;  // GRU
  float clip = 0;                    // bound of every activation's input; 0: none
  RecurrentActivation f, g, h;
  // Where the rows of a step and of a batch element begin: of the gates, of y, and of the states
  // outside.
  Extent gate_time_step, gate_batch_step;
  Extent y_time_step, y_batch_step;
  Extent state_batch_step;

  Extent gates() const { return gate_count(cell) * hidden; }
  // Floats of work memory.
  int64_t work_count() const { return int64_t{batch} * (gates() + 3 * hidden); }
};

// What it reads and writes; nothing overlaps. Null pointers: no peepholes; all sequences as long as
// `steps`; initial states of zero; outputs that nobody wants.
struct RecurrentData {
  const float* gates;             // rows (step, batch element) of gates() values: W x + biases
  const float* panels;            // R [hidden, gates] as panels (pack_panels); GRU: of z and r only
  const float* candidate_panels;  // GRU: those of n
  const float* candidate_bias;    // GRU with linear_before_reset: the recurrent bias of n
  const float* peepholes;         // LSTM: rows i, o, f of `hidden`
  const int32_t* lengths;         // [batch], clamped to 0..steps; y is zero behind them
  const float* initial_h;         // [batch] rows of `hidden`, as are the next three
  const float* initial_c;
  float* final_h;
  float* final_c;
  float* y;     // rows (step, batch element) of `hidden`
  float* work;  // work_count() floats
};
void recurrent(const Recurrent& layer, const RecurrentData& data);

}  // namespace heed::kernels

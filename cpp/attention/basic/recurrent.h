#pragma once

namespace heed::attention {

class Builder;

// GRU: gated recurrent units, as torch.nn.GRU: layers and directions as the weights have them.
//
// - Formula: r = sg(Wr x + Rr h), z = sg(Wz x + Rz h), n = tanh(Wn x + r * (Rn h)), h' = (1 - z) *
// n
// + z * h; biases in each product
// - Input x: (batch, length, inputSize)
// - Input h?: (layers * directions, batch, hidden), zeros unless given
// - Output output: (batch, length, directions * hidden)
// - Output h: (layers * directions, batch, hidden), the last states
// - Option inputSize: number. Of a new layer.
// - Option hidden: number. Of a new layer.
// - Option layers: number = 1. Of a new layer.
// - Option bidirectional: boolean = false. Of a new layer.
// - Option batchFirst: boolean = true. False: x and output are (length, batch, ...).
// - Option bias: boolean = true. Of a new layer.
// - Weights: weight_ih_l<k>, weight_hh_l<k>, bias_ih_l<k>, bias_hh_l<k>, and the same with _reverse
// - Source: Cho et al., EMNLP 2014; torch.nn.GRU
// - Example: { inputSize: 5, hidden: 8, bidirectional: true } of x [1, 7, 5]
void build_gru(Builder& b);

// LSTM: long short-term memory, as torch.nn.LSTM: layers and directions as the weights have them.
//
// - Formula: i, f, o = sg(W x + R h), g = tanh(Wg x + Rg h), c' = f * c + i * g, h' = o * tanh(c')
// - Input x: (batch, length, inputSize)
// - Input h?: (layers * directions, batch, hidden), zeros unless given
// - Input c?: (layers * directions, batch, hidden), zeros unless given
// - Output output: (batch, length, directions * hidden)
// - Output h: (layers * directions, batch, hidden), the last states
// - Output c: (layers * directions, batch, hidden), the last cells
// - Option inputSize: number. Of a new layer.
// - Option hidden: number. Of a new layer.
// - Option layers: number = 1. Of a new layer.
// - Option bidirectional: boolean = false. Of a new layer.
// - Option batchFirst: boolean = true. False: x and output are (length, batch, ...).
// - Option bias: boolean = true. Of a new layer.
// - Weights: weight_ih_l<k>, weight_hh_l<k>, bias_ih_l<k>, bias_hh_l<k>, and the same with _reverse
// - Source: Hochreiter and Schmidhuber, 1997; torch.nn.LSTM
// - Example: { inputSize: 5, hidden: 8 } of x [1, 7, 5]
void build_lstm(Builder& b);

}  // namespace heed::attention

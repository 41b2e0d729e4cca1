#pragma once

namespace heed::attention {

class Builder;

// AdditiveAttention: attention whose scores are a small network of query and key (Bahdanau). In the
// paper the query is the decoder's previous state.
//
// - Formula: e_ts = v . tanh(Wq q_t + Wk h_s + b), a = softmax_s(e), c_t = sum_s a_ts h_s
// - Input query: (batch, queries, queryChannels)
// - Input memory: (batch, keys, channels)
// - Input lengths?: int64 (batch). So many of the keys are seen; where none is, the context is
// zeros.
// - Output output: (batch, queries, channels), the context c; with linear_out W [c; q] (OpenNMT, no
// tanh)
// - Map attention: temporal, (batch, queries, keys)
// - Option channels: number. Of a new layer: of the memory.
// - Option queryChannels: number. Of a new layer; by default channels.
// - Option units: number. Of a new layer: the width of the scores' network; by default channels.
// - Option normalize: boolean. Of a new layer: v becomes g v / ||v|| (TensorFlow).
// - Weights: query_proj (units, queryChannels), key_proj (units, channels) with .bias, v (1,
// units); or linear_query with .bias, linear_context, v, linear_out (channels, channels +
// queryChannels) (OpenNMT "mlp"); or query_layer.kernel (queryChannels, units), memory_layer.kernel
// (channels, units), attention_v (units), perhaps attention_g and attention_b (TensorFlow Addons);
// or scale (channels) alone (Keras: nothing is projected)
// - Dialects: paper, OpenNMT, TensorFlow Addons, Keras, by the names
// - Source: Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and
// Translate", ICLR 2015; github.com/OpenNMT/OpenNMT-py,
// tensorflow/addons, Keras
// - Example: { channels: 8, units: 6 } of query [1, 3, 8], memory [1, 7, 8]
void build_additive_attention(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// LuongAttention: attention whose scores are products of query and key, over all of a memory or a
// window of it. The query is the decoder's current state.
//
// - Formula: e_ts = h_t . h_s (dot), (W h_t) . h_s (general), v . tanh(W [h_t; h_s]) (concat), v .
// tanh(h_s + W h_t) (concat_matlab, the official code); a = softmax_s(e), c_t = sum_s a_ts h_s, y =
// tanh(Wc [c; h])
// - Input query: (batch, queries, channels)
// - Input memory: (batch, keys, channels)
// - Input lengths?: int64 (batch). So many of the keys are seen; where none is, the context is
// zeros.
// - Output output: (batch, queries, channels): y, or c where there is no linear_out
// - Map attention: temporal, (batch, queries, keys)
// - Option score: "dot" | "general" | "concat" | "concat_matlab". By default as the weights' names
// say; of a new layer general.
// - Option local: "none" | "monotonic" | "predictive". Only keys in a window around p_t count: p_t
// = t, or p_t = S sigmoid(v_p . tanh(W_p h_t)) of S keys, where the window is centred at floor(p_t)
// and the softmax is multiplied with exp(-(s - p_t)^2 / (2 (window / 2)^2)), not normalised again.
// By default predictive where there are its weights.
// - Option gaussian: "weights" | "scores" = "weights". What the predictive form multiplies: what
// the softmax gives, or what it takes (nmt.matlab's experimental option 1).
// - Option window: number = 10. So many keys on each side of the centre.
// - Option channels: number. Of a new layer.
// - Weights: linear_in (channels, channels) (general); linear_concat (units, 2 channels), v (1,
// units) (concat); linear_query (channels, channels), v (concat_matlab); linear_position (units,
// channels), v_position (1, units) (predictive); linear_out (channels, 2 channels), each .weight
// without .bias. Or memory_layer.kernel (channels, width), perhaps attention_g () (TensorFlow
// Addons: the scores are dot products with the projected memory, of which the context is made too)
// - Dialects: paper and nmt.matlab, OpenNMT "dot" and "general", TensorFlow Addons, by the names
// - Source: Luong et al., "Effective Approaches to Attention-based Neural Machine Translation",
// EMNLP 2015; github.com/lmthang/nmt.matlab
// - Example: { channels: 8 } of query [1, 3, 8], memory [1, 7, 8]
void build_luong_attention(Builder& b);

}  // namespace heed::attention

#pragma once

namespace heed::attention {

class Builder;

// TemporalAttentionPooling: one vector from a sequence, by attention over time: what stands behind
// a recurrent, convolutional or transformer encoder.
//
// - Formula: one-head: a = softmax_t(u . tanh(W h_t + b)), y = sum_t a_t h_t; multi-head: A =
// softmax_t(W2 tanh(W1 h_t)), y = A H; statistics: mean mu = sum_t a_t h_t and deviation
// sqrt(max(sum_t a_t (h_t - mu)^2, eps)), for one a, or one for each channel; latent: learned
// queries attend to the sequence, y = z + mlp(norm(z)); 2d: the mean of a feature map's positions
// attends to itself and to them all, p standing for position embeddings: z = [mean(x), x] + p, y =
// proj(attention(q(z_0), k(z), v(z)))
// - Input x: (batch, length, channels); of the statistics (batch, channels, length); of the 2d form
// (batch, channels, height, width)
// - Input lengths?: int64 (batch). So many positions are seen; where none is, the weights are
// zeros.
// - Output output: (batch, channels); multi-head (batch, heads, channels); statistics (batch, 2
// channels), means first; latent with pool "none" (batch, latents, channels)
// - Map attention: temporal, (batch, length); multi-head (batch, heads, length); statistics of
// every channel (batch, channels, length); latent (batch, heads, latents, length); 2d: spatial,
// (batch, heads, 1, 1 + height * width), the mean first
// - Option form: "one-head" | "multi-head" | "statistics" | "clovaai" | "speechbrain" | "latent" |
// "2d". By default as the weights' names say.
// - Option channels: number. Of a new layer.
// - Option hidden: number. Of a new layer: the width of the scores' network (by default channels),
// or of the latent form's MLP (by default 4 channels).
// - Option heads: number = 1. Of the latent and 2d forms, and of a new multi-head one. timm's
// latent form has 8, its 2d form one for each 64 channels.
// - Option latents: number = 1. Of a new latent layer.
// - Option scoreActivation: Activation = "none". Of one-head and multi-head: a popular HAN port has
// "tanh", ResNet50TA "relu".
// - Option pool: "token" | "avg" | "none" = "token". Which latent is the result.
// - Option norm: "layer" | "rms" = "layer". Of the latent form's norms.
// - Option epsilon: number = 0.00001. Of the latent form's norms.
// - Option bias: boolean = true. Of a new layer.
// - Weights: one-head: attention, context; multi-head: linear_first, linear_second; statistics:
// attention.0, attention.2 (one map), or attention.0, the batch norm attention.2 and attention.3
// (clovaai), or tdnn.conv.conv (of the sequence, its mean and its deviation), the batch norm
// tdnn.norm.norm and conv.conv (speechbrain); latent: latent, q, kv, proj, mlp.fc1, mlp.fc2,
// perhaps pos_embed, q_norm, k_norm, norm; 2d: qkv, or q, k and v; proj, perhaps pos_embed (1 +
// height * width, channels)
// - Source: Yang et al., "Hierarchical Attention Networks", NAACL 2016; Lin et al., "A Structured
// Self-attentive Sentence Embedding", ICLR 2017; Okabe et al., "Attentive Statistics Pooling",
// Interspeech 2018; clovaai/voxceleb_trainer, speechbrain; timm AttentionPoolLatent and
// AttentionPool2d
// - Example: { channels: 8 } of x [1, 7, 8]
void build_temporal_attention_pooling(Builder& b);

}  // namespace heed::attention

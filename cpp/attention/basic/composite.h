#pragma once

namespace heed::attention {

class Builder;

// Sequential: its parts one after the other, each on the first result of the one before, as
// torch.nn.Sequential.
//
// - Formula: y = part_n(... part_1(x))
// - Input x: what the first part takes
// - Output output: what the last part gives
// - Option parts: Parts. A list, or a record whose keys are the parts' places.
// - Weights: those of the parts, below their places ("0", "1", ... unless they have others)
// - Source: torch.nn.Sequential
// - Example: { parts: [Conv1d.of({ inChannels: 3, outChannels: 8, kernelSize: 3 }),
// Activation.of()] } of x [1, 3, 9]
void build_sequential(Builder& b);

// Residual: a body, and the input (or what a shortcut makes of it) added.
//
// - Formula: y = act(body(x) + shortcut(x))
// - Input x: what the body takes
// - Output output: as the body's
// - Option parts: Parts. The body, and perhaps what makes the shortcut.
// - Option activation: Activation = "none". Of the sum.
// - Weights: those of the parts, body and perhaps shortcut, below their places
// - Source: He et al., "Deep Residual Learning", CVPR 2016
// - Example: { parts: [Conv1d.of({ inChannels: 3, outChannels: 3, kernelSize: 3, padding: 1 })] }
// of x [1, 3, 9]
void build_residual(Builder& b);

// HybridAttention: mechanisms in sequence or in parallel, perhaps with a residual.
//
// - Formula: sequence: y = a_n(... a_1(x)); else y = a_1(x) + a_2(x) + ..., or their product, their
// maximum, or their concatenation along the channels; with a residual: y + x
// - Input x: what the mechanisms take
// - Output output: as x; (batch, n * channels, ...) of "concat"
// - Map <part>: each mechanism's own maps, below its place
// - Option parts: Parts. The mechanisms.
// - Option combine: "sequence" | "sum" | "product" | "max" | "concat" = "sequence".
// - Option residual: boolean = false.
// - Weights: those of the parts, below their places
// - Source: this library
// - Example: { combine: "max", parts: [SqueezeExcite.of({ channels: 8 }), ChannelAttention.of({
// channels: 8 })] } of x [1, 8, 7, 7]
void build_hybrid_attention(Builder& b);

}  // namespace heed::attention

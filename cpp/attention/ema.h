#pragma once

namespace heed::attention {

class Builder;

// EMA: a spatial gate for each group of channels, from a branch that sees rows and columns and one
// that sees 3x3 neighbourhoods, each weighing the other (efficient multi-scale attention).
//
// - Formula: of each group t: x1 = GN(t * sigmoid(W mean_w(t) + b) * sigmoid(W mean_h(t) + b)), x2
// = conv3x3(t), a = sigmoid(softmax(GAP(x1)) x2 + softmax(GAP(x2)) x1), y = t * a; GN norms each
// channel alone
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch * groups, 1, height, width)
// - Option groups: number = 32. Those that channels are divided into (the official `factor`).
// - Option channels: number. Of a new layer.
// - Weights: gn, conv1x1, conv3x3, all of channels / groups channels
// - Source: Ouyang et al., "Efficient Multi-Scale Attention Module", ICASSP 2023;
// github.com/YOLOonMe/EMA-attention-module
// - Example: { channels: 16, groups: 4 } of x [1, 16, 14, 14]
void build_ema(Builder& b);

}  // namespace heed::attention

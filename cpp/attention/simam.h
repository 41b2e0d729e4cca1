#pragma once

namespace heed::attention {

class Builder;

// SimAM: a gate for each element from its distance to its channel's mean, without parameters.
//
// - Formula: d = (x - mean(x))^2, a = sigmoid(d / (4 (sum(d) / (H W - 1) + lambda)) + 1/2), y = x *
// a, mean and sum over the positions
// - Input x: (batch, channels, height, width)
// - Output output: as x
// - Map attention: spatial, (batch, channels, height, width)
// - Option lambda: number = 0.0001. The official detection configuration has 0.1.
// - Dialects: A single position has no variance: as in the official code everything is NaN then.
// - Source: Yang et al., "SimAM", ICML 2021; github.com/ZjjConan/SimAM
// - Example: {} of x [1, 16, 14, 14]
void build_simam(Builder& b);

}  // namespace heed::attention

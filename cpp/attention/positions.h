// Feature maps as sequences of positions, for attention over them. What lies channels last in
// memory, as convolutions leave it, changes from one form to the other without a copy.
#pragma once

#include "attention/builder.h"

namespace heed::attention {

// (batch, channels, spatial axes...) to (batch, positions, channels); `axes` spatial ones.
Value to_tokens(Builder& b, Value x, Extent channels, int axes = 2);
// The way back, with the spatial axes of `like`.
Value from_tokens(Builder& b, Value tokens, Value like, int axes = 2);

// The extent of an axis, as an integer tensor (1).
Value extent_of(Builder& b, Value x, int axis);
// x in another shape: first the extents `front`, an integer tensor (n), then those of `rest`.
Value reshape_behind(Builder& b, Value x, Value front, std::initializer_list<int64_t> rest);

// Without the axis of the one head, the map of the attention that was added last.
void record_single_head(Builder& b);

}  // namespace heed::attention

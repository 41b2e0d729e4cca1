// Feature maps as sequences of positions, for attention over them. What lies channels last in
// memory, as convolutions leave it, changes from one form to the other without a copy.
#pragma once

#include "attention/builder.h"

namespace heed::attention {

// (batch, channels, spatial axes...) to (batch, positions, channels); `axes` spatial ones.
Value to_tokens(Builder& b, Value x, Extent channels, int axes = 2);
// The way back, with the spatial axes of `like`.
Value from_tokens(Builder& b, Value tokens, Value like, int axes = 2);

Value to_float(Builder& b, Value x);
Value to_integer(Builder& b, Value x);
// The extent of an axis, as an integer tensor (1).
Value extent_of(Builder& b, Value x, int axis);
// x in another shape: first the extents `front`, an integer tensor (n), then those of `rest`.
Value reshape_behind(Builder& b, Value x, Value front, std::initializer_list<int64_t> rest);

// What a 1x1 convolution of `in` channels gives, in parts of `widths` channels for each of `heads`:
// by rows of its weight, so that nothing is computed together and copied apart. A new one has no
// bias unless the option `bias` is set. Writes as many values as there are widths.
void convolve_in_parts(Builder& b, Value x, std::string_view name, Extent in, Extent heads,
                       std::initializer_list<Extent> widths, Value* parts);

// Mean pooling by 2 where a layer's stride is 2.
Value pooled_by_stride(Builder& b, Value x, Extent stride);

// Records the map of the attention that was added last: (batch, queries, keys) where it has one
// head, else with the heads in the batch's axis.
void record_single_head(Builder& b);
void record_joined_heads(Builder& b);

}  // namespace heed::attention

// Feature maps as sequences of positions, for attention over them. What lies channels last in
// memory, as convolutions leave it, changes from one form to the other without a copy.
#include "attention/recipes.h"

const char heed::attention::recipes::positions[] = R"(
# (batch, channels, height, width) to (batch, positions, channels).
fn tokens(x)
  Reshape(Transpose(x, perm=[0, 2, 3, 1]), Concat([0, -1], extent_of(x, 1), axis=0))
# The way back, with the size of `like`; `axes` spatial ones.
fn from_tokens(t, like, axes) {
  perm = axes == 1 ? [0, 2, 1] : axes == 3 ? [0, 4, 1, 2, 3] : [0, 3, 1, 2]
  Transpose(Reshape(t, Concat([0], Shape(like, start=2), [-1], axis=0)), perm=perm)
}
# What is one number for each position, (batch, ...), as a map (batch, 1, height, width).
fn map_like(x, like) reshape_behind(x, [-1, 1], size(like))

# What a 1x1 convolution gives, in parts of `widths` channels for each of `heads`: by rows of its
# weight, so that nothing is computed together and copied apart. A new one has no bias unless the
# option `bias` is set.
fn convolve_in_parts(x, place, in, heads, widths) {
  sum = 0
  for width widths sum = sum + width
  rows = Reshape(weight("{place}weight", [heads * sum, in]), [heads, sum, in])
  bias = optional("{place}bias", [heads * sum], $bias())
  first = 0
  parts = []
  for width widths {
    fn part(all) Slice(all, [first], [first + width], [1])
    added = bias and Reshape(part(Reshape(bias, [heads, sum])), [-1])
    parts = parts + [Conv(x, Reshape(part(rows), [-1, in, 1, 1]), added)]
    first = first + width
  }
  parts
}

# Mean pooling where a layer has a stride.
fn pooled_by_stride(x, stride)
  stride == 1 ? x : AveragePool(x, kernel_shape=[stride, stride], strides=[stride, stride])

# Records the map of the attention that was added last: (batch, queries, keys) where it has one
# head, else with the heads in the batch's axis.
fn record_single_head(kind) map(kind or "self", Squeeze(next(), [1]), "batch queries keys")
fn record_joined_heads() {
  all = next()
  map("self", reshape_behind(all, [-1], size(all)), "batch*heads queries keys")
}
)";

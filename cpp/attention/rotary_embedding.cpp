#include "attention/recipes.h"

const char heed::attention::recipes::rotary_embedding[] = R"(
# Cosines and sines of every position, (length, pairs), as the options base, offset, rotaryWidth,
# size and prefixTokens say, for the tokens along `axis` of x. `width`: of a head, a float32 number.
fn rotary_positions(x, axis, width) {
  width = $rotaryWidth(0, 2) or width
  if $size width = width * 0.5
  steps = Pow(1 / num("base", 10000), Range(0, width, 2) / width)
  offset = $offset(0, 0)
  if $size {
    made_for = axes("size", 2, 1, 1)
    prefix = $prefixTokens(0, 0)
    count = made_for[0] * made_for[1]
    if prefix + count > 16777216 {
      wrong("the options 'size' and 'prefixTokens' are too large")
      count = 1
      prefix = 0
    }
    at = count_up([count])
    # The row or column of every token of a grid; 0 for those in front of it.
    fn turns(at) Pad(real(Reshape(at, [-1, 1])), [prefix, 0, 0, 0]) * steps
    angles = Concat(turns(at / [made_for[1]]), turns(at % [made_for[1]]), axis=1)
  } else angles = Reshape(Range(offset, real(extent_of(x, axis)) + offset, 1), [-1, 1]) * steps
  [Cos(angles), Sin(angles)]
}

# x (batch, length, heads * width), or (batch, heads, length, width) where `heads` is 0, with its
# pairs turned.
fn rotate(x, angles, heads, interleaved)
  RotaryEmbedding(x, angles, num_heads=heads, interleaved=interleaved,
                  rotary_embedding_dim=$rotaryWidth(0, 2))

layer rotaryEmbedding {
  heads = $heads(0)
  x = arg("x", heads ? "batch length channels" : "batch heads length width")
  width = real(extent_of(x, heads ? 2 : 3))
  if heads width = width / heads
  interleaved = $layout("half|interleaved")
  result(rotate(x, rotary_positions(x, heads ? 1 : 2, width), heads, interleaved))
}
)";

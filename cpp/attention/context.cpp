// What layers share that pool all positions into one vector by their own scores.
#include "attention/recipes.h"

const char heed::attention::recipes::context[] = R"(
# Positions x (batch, channels, height, width) pooled by the softmax of their scores w.x + b, w and
# b the weights of a 1x1 convolution: (batch, channels, 1, 1). The softmax (batch, 1, 1, positions)
# is the next output. One query for all images, w; keys and values are the positions. A bias is
# added to all scores; `bias`: a new layer has one.
fn context_of(x, place, channels, bias) {
  w = weight("{place}weight", [1, channels, 1, 1])
  shift = optional("{place}bias", [1], bias)
  query = Expand(w, Concat(Shape(x, end=1), [channels, 1, 1], axis=0))
  attend(query, x, x, shift, form="channels", scale=1)
}

# W2 relu(LN(W1 z + b1)) + b2 of a vector z (batch, in, 1, 1), LN over the channels.
fn context_mlp(z, reduce, after, expand, out, in, hidden, epsilon) {
  z = linear(Reshape(z, [0, 1, -1]), reduce, hidden, in)
  z = Relu(layer_norm(z, after, hidden, epsilon))
  Reshape(linear(z, expand, out, hidden), [0, -1, 1, 1])
}
)";

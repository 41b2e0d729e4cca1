// What layers share that pool all positions into one vector by their own scores.
#pragma once

#include "attention/builder.h"

namespace heed::attention {

// Positions x (batch, channels, height, width) pooled by the softmax of their scores w.x + b, w and
// b the weights of the 1x1 convolution `name`: (batch, channels, 1, 1). The softmax (batch, 1, 1,
// positions) is the next output.
Value context_of(Builder& b, Value x, std::string_view name, Extent channels, Bias bias);

// W2 relu(LN(W1 z + b1)) + b2 of a vector z (batch, in, 1, 1), LN over the channels.
struct ContextMlp {
  std::string_view place;  // in front of the names, with its dot
  const char *reduce, *norm, *expand;
  Extent out = 0, in = 0, hidden = 0;
  float epsilon = 1e-5f;
};
Value context_mlp(Builder& b, Value z, const ContextMlp& mlp);

}  // namespace heed::attention

// What happens to the result of a product or convolution before it is stored.
#pragma once

#include <limits>

#include "base/shape.h"
#include "kernels/activation.h"

namespace heed::kernels {

// output = activation(v + residual). The residual lies in memory as the output does, and does not
// overlap it.
struct Epilogue {
  const float* residual = nullptr;
  Activation activation;
};

// The activations that cost a few instructions are applied to accumulators, in this one form:
//   t = min(max(v * slope + offset, low), high);   f(v) = (gated ? v * t : t) * scale + shift
struct RegisterActivation {
  bool bounds_only = true;  // slope, offset, gate, scale and shift do nothing
  bool gated = false;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  float slope = 1, offset = 0;
  float scale = 1, shift = 0;
};

// Whether `activation` has that form; if so, sets `form`, else leaves it as it is: without effect.
bool to_register_activation(const Activation& activation, RegisterActivation& form);

}  // namespace heed::kernels

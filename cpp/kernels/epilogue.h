// What happens to the result of a product or convolution before it is stored.
#pragma once

#include "kernels/activation.h"

namespace heed::kernels {

// output = activation(v + residual). The residual (null: zeros) lies in memory as the output does,
// and does not overlap it.
struct Epilogue {
  const float* residual = nullptr;
  Activation activation;
};

}  // namespace heed::kernels

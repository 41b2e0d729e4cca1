// A few neighbouring output positions of one row of a depthwise convolution.
#pragma once

#include "base/shape.h"
#include "kernels/register_activation.h"

namespace heed::kernels {

// Input positions that a tile of any of the codes below sees in a row, at most.
inline constexpr Extent kMaxTileInputs = 17;

// output[x * channels + c] = activation(bias[c] + sum_{r, t} input[r * row_step + (x * stride + t)
// * column_step + c]
//                                                    * weights[(r * width + t) * weight_step + c] +
//                                                    residual[as output]),
// for x < columns, c < channels, r < rows.
struct DepthwiseTile {
  const float* input;
  Extent row_step, column_step;
  Extent rows;
  const float* weights;
  Extent weight_step;     // channels rounded up to 4
  const float* bias;      // null: zeros
  const float* residual;  // null: zeros
  float* output;
  Extent output_step;  // from one position to the next
  Extent channels;  // read up to the next multiple of 4 in input and weights, not in bias, residual
                    // and output
  const RegisterActivation* activation;
};

// The code for kernels of that width and stride along the row (dilation 1), or null. `columns`: how
// many positions it computes.
struct DepthwiseCode {
  void (*run)(const DepthwiseTile& tile, Extent columns);  // stores the first `columns` of them
  Extent columns;
};
const DepthwiseCode* find_depthwise_code(Extent width, Extent stride);

}  // namespace heed::kernels

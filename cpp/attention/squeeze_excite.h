// Squeeze-and-Excitation: s = gate(W2 act(W1 GAP(x) + b1) + b2), y = x * s.
//   x, y: (batch, channels, height, width) or any number of spatial axes; map s: (batch, channels,
//   1, 1), in the gate's range.
// Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; official code
// github.com/hujie-frank/SENet.
//
// Dialects: full connections as 1x1 convolutions or as Linear layers, with or without bias; any
// hidden width; act ReLU (SENet, MobileNetV3) or SiLU (EfficientNet); gate sigmoid, or HardSigmoid
// with slope 1/6 (PyTorch) or 0.2 (Keras, Paddle); and the residual form of PP-OCR's detection
// neck, y = x + x * s.
#pragma once

#include <optional>

#include "graph/editor.h"

namespace heed::attention {

struct SqueezeExcite {
  TensorId reduce_weight = kNoTensor;  // (hidden, channels) or (hidden, channels, 1, 1)
  TensorId reduce_bias = kNoTensor;    // (hidden), may be left out
  TensorId expand_weight = kNoTensor;  // (channels, hidden) or (channels, hidden, 1, 1)
  TensorId expand_bias = kNoTensor;    // (channels), may be left out
  kernels::Activation hidden{kernels::ActivationKind::kRelu};
  kernels::Activation gate{kernels::ActivationKind::kSigmoid};
  bool residual = false;
};

// Makes `last` (whose first output becomes y) the fused step over x, and returns the block's
// record. Errors: kInvalidWeights when the weights' shapes do not fit one another.
Result<Block> build_squeeze_excite(Editor& editor, Node& last, TensorId x,
                                   const SqueezeExcite& weights);

std::optional<Block> match_squeeze_excite(Editor& editor, Node& last);

}  // namespace heed::attention

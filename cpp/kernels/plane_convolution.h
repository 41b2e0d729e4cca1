// Convolution of few channels to one, such as the 7x7 of a spatial gate: four neighbouring
// positions are a vector, because the channels are too few to be one.
#pragma once

#include "kernels/convolution.h"

namespace heed::kernels {

// Whether `convolve_planes` takes this convolution: one output channel of at most 8 input channels,
// one group, at least 4 taps, at most two spatial axes (axes[0] does nothing), stride 1 along the
// last one.
bool is_plane_convolution(const Convolution& shape);

// Floats of scratch: the channels of one image as planes, with their padding.
int64_t plane_convolution_scratch(const Convolution& shape);

// output = activation(conv(input) + bias + residual), as `convolve`, with weights as ONNX has them
// (1, in_channels, taps...). Sums run over channels, then taps.
void convolve_planes(const Convolution& shape, const float* input, const float* weights,
                     const float* bias, float* output, const Epilogue& epilogue, float* scratch);

}  // namespace heed::kernels

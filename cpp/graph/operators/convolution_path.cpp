#include "graph/operators/convolution_path.h"

#include <algorithm>

#include "kernels/depthwise.h"
#include "kernels/gemm.h"
#include "kernels/plane_convolution.h"

namespace heed {

namespace {

// Whether every output position is the product of one input position.
bool is_pointwise(const kernels::Convolution& shape) {
  for (const kernels::ConvolutionAxis& axis : shape.axes) {
    if (axis.taps != 1 || axis.stride != 1 || axis.first != 0 || axis.in != axis.out) return false;
  }
  return shape.groups == 1;
}

}  // namespace

ConvolutionPath choose_path(const Window& window, Extent batch, Extent in_channels,
                            Extent out_channels, Extent groups) {
  ConvolutionPath path;
  kernels::Convolution& shape = path.shape;
  shape.batch = batch;
  shape.groups = groups;
  shape.in_channels = in_channels;
  shape.out_channels = out_channels;
  Extent step = out_channels;
  for (int axis = 2; axis >= 0; --axis) {
    shape.axes[axis] = {window.in[axis],
                        window.out[axis],
                        window.kernel[axis],
                        window.stride[axis],
                        -window.pad_begin[axis],
                        window.dilation[axis],
                        step};
    step *= window.out[axis];
  }
  shape.out_image_step = step;
  if (is_pointwise(shape)) {
    path.kind = ConvolutionPath::kPointwise;
  } else if (kernels::is_depthwise(shape)) {
    path.kind = ConvolutionPath::kDepthwise;
  } else if (kernels::is_plane_convolution(shape)) {
    path.kind = ConvolutionPath::kPlanes;
  }
  return path;
}

int64_t ConvolutionPath::packed_count() const {
  if (kind == kDepthwise) return kernels::packed_depthwise_count(shape);
  if (kind == kPlanes) return int64_t{shape.taps()} * shape.in_channels;
  return kernels::packed_convolution_count(shape);
}

void ConvolutionPath::pack(const float* weights, float* packed) const {
  if (kind == kDepthwise) return kernels::pack_depthwise(shape, weights, packed);
  if (kind == kPlanes) {
    std::copy_n(weights, packed_count(), packed);
    return;
  }
  const Extent line = shape.axes[2].taps, plane = shape.axes[1].taps * line;
  const Extent in_step = shape.taps(), out_step = in_step * shape.group_in();
  kernels::pack_convolution(
      shape, {weights, shape.group_out() * out_step, out_step, in_step, {plane, line, 1}}, packed);
}

int64_t ConvolutionPath::scratch_count() const {
  return kind == kPlanes ? kernels::plane_convolution_scratch(shape) : 0;
}

void ConvolutionPath::run(const float* input, const float* packed, const float* bias, float* output,
                          const kernels::Epilogue& epilogue, float* scratch) const {
  if (kind == kPointwise) {
    const Extent rows = shape.batch * shape.axes[0].in * shape.axes[1].in * shape.axes[2].in;
    kernels::gemm(
        {rows, shape.out_channels, shape.in_channels, shape.in_channels, shape.out_channels}, input,
        packed, bias, output, epilogue);
  } else if (kind == kDepthwise) {
    kernels::convolve_depthwise(shape, input, packed, bias, output, epilogue);
  } else if (kind == kPlanes) {
    kernels::convolve_planes(shape, input, packed, bias, output, epilogue, scratch);
  } else {
    kernels::convolve(shape, input, packed, bias, output, epilogue);
  }
}

}  // namespace heed

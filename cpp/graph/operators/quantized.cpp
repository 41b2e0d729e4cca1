// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
#include <algorithm>

#include "graph/operators/arguments.h"
#include "graph/operators/elementwise_loop.h"
#include "kernels/quantize.h"

namespace heed {

namespace {

// How scale and zero point spread over x: one for all, one for each index of `axis`, or one for
// each block of it.
struct Spread {
  enum Kind { kWhole, kAxis, kBlocks } kind = kWhole;
  int axis = 0;
  Extent block = 0;
};

Result<Spread> read_spread(const Attributes& attributes, const Shape& x, const Shape& scale) {
  Spread spread;
  if (scale.count() == 1 && scale.rank() <= 1) return spread;
  const Result<int> axis = normalize_axis(attributes.integer("axis", 1), x.rank());
  if (!axis.ok()) return axis.status();
  spread.axis = axis.value();
  const int64_t block = attributes.integer("block_size", 0);
  if (block == 0) {
    spread.kind = Spread::kAxis;
    if (scale.rank() == 1 && scale[0] == x[spread.axis]) return spread;
  } else {
    spread.kind = Spread::kBlocks;
    Shape blocks = x;
    const Extent extent = x[spread.axis];
    if (block > 0 && block <= std::max<Extent>(extent, 1) && extent % block == 0 &&
        x.rank() < kMaxRank) {
      spread.block = static_cast<Extent>(block);
      blocks[spread.axis] = extent / spread.block;
      if (scale == blocks) return spread;
    }
  }
  return error(Code::kWrongShape, "a scale of the shape ", scale, " does not fit ", x,
               " along axis ", spread.axis, block == 0 ? "" : " in blocks");
}

// The shape as the loop sees it, with a blocked axis in two: blocks, and positions in a block.
Shape split_shape(const Shape& x, const Spread& spread) {
  if (spread.kind != Spread::kBlocks) return x;
  Shape split;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (axis != spread.axis) {
      split.push_back(x[axis]);
      continue;
    }
    split.push_back(x[axis] / spread.block);
    split.push_back(spread.block);
  }
  return split;
}

Strides data_strides(const View& view, const Spread& spread) {
  if (spread.kind != Spread::kBlocks) return view.strides;
  Strides strides;
  int at = 0;
  for (int axis = 0; axis < view.shape.rank(); ++axis) {
    if (axis == spread.axis) strides[at++] = view.strides[axis] * spread.block;
    strides[at++] = view.strides[axis];
  }
  return strides;
}

Strides scale_strides(const View& scale, const Spread& spread) {
  Strides strides;
  if (spread.kind == Spread::kAxis) strides[spread.axis] = scale.strides[0];
  if (spread.kind == Spread::kBlocks) {
    int at = 0;
    for (int axis = 0; axis < scale.shape.rank(); ++axis) {
      strides[at++] = scale.strides[axis];
      if (axis == spread.axis) strides[at++] = 0;
    }
  }
  return strides;
}

// The loop of (y, x, scale, zero point).
kernels::Loop quantization_loop(Lowering& node) {
  const View x = node.input(0), y = node.output(0), scale = node.input(1);
  const Spread spread = read_spread(node.attributes(), x.shape, scale.shape).value();
  Strides zero_strides;
  if (node.has(2)) zero_strides = scale_strides(node.input(2), spread);
  const Strides operands[] = {data_strides(y, spread), data_strides(x, spread),
                              scale_strides(scale, spread), zero_strides};
  return kernels::make_loop(split_shape(x.shape, spread), operands);
}

Status check_scale(const Inference& node) {
  if (node.dtype(1) != DType::kF32) {
    return error(Code::kUnsupportedType, "a scale of ", dtype_name(node.dtype(1)),
                 " is not supported");
  }
  if (node.has(2) && !(node.shape(2) == node.shape(1))) {
    return error(Code::kWrongShape, "the zero point has the shape ", node.shape(2), ", the scale ",
                 node.shape(1));
  }
  return read_spread(node.attributes(), node.shape(0), node.shape(1)).status();
}

}  // namespace

Status infer_quantize(Inference& node) {
  HEED_TRY(check_scale(node));
  constexpr int64_t kOnnxInt8 = 3;
  DType type = node.attributes().integer("output_dtype", 0) == kOnnxInt8 ? DType::kI8 : DType::kU8;
  if (node.has(2)) type = node.dtype(2);
  if (node.dtype(0) != DType::kF32 || (type != DType::kU8 && type != DType::kI8)) {
    return error(Code::kUnsupportedType, "QuantizeLinear of ", dtype_name(node.dtype(0)), " to ",
                 dtype_name(type), " is not supported");
  }
  node.set(0, type, node.shape(0));
  return {};
}

Status lower_quantize(Lowering& node) {
  const kernels::Loop loop = quantization_loop(node);
  const View x = node.input(0), y = node.output(0), scale = node.input(1);
  const Buffer zero = node.has(2) ? node.input(2).buffer : kNoBuffer;
  node.run([=](const Run& run) {
    kernels::quantize(loop, run.at(x.buffer), run.at(scale.buffer),
                      zero == kNoBuffer ? nullptr : run.at<std::byte>(zero),
                      run.at<std::byte>(y.buffer), y.dtype);
  });
  return {};
}

Status infer_dequantize(Inference& node) {
  HEED_TRY(check_scale(node));
  const DType type = node.dtype(0);
  if ((type != DType::kU8 && type != DType::kI8 && type != DType::kI32) ||
      (node.has(2) && node.dtype(2) != type)) {
    return error(Code::kUnsupportedType, "DequantizeLinear of ", dtype_name(type),
                 " is not supported");
  }
  node.set(0, DType::kF32, node.shape(0));
  return {};
}

Status lower_dequantize(Lowering& node) {
  const kernels::Loop loop = quantization_loop(node);
  const View x = node.input(0), y = node.output(0), scale = node.input(1);
  const Buffer zero = node.has(2) ? node.input(2).buffer : kNoBuffer;
  node.run([=](const Run& run) {
    kernels::dequantize(loop, run.at<std::byte>(x.buffer), run.at(scale.buffer),
                        zero == kNoBuffer ? nullptr : run.at<std::byte>(zero), run.at(y.buffer),
                        x.dtype);
  });
  return {};
}

Status infer_dynamic_quantize(Inference& node) {
  if (node.dtype(0) != DType::kF32) {
    return error(Code::kUnsupportedType, "DynamicQuantizeLinear of ", dtype_name(node.dtype(0)),
                 " is not supported");
  }
  node.set(0, DType::kU8, node.shape(0));
  node.set(1, DType::kF32, Shape{});
  node.set(2, DType::kU8, Shape{});
  return {};
}

Status lower_dynamic_quantize(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const Buffer scale = node.wants(1) ? node.output(1).buffer : node.scratch(sizeof(float));
  const Buffer zero = node.wants(2) ? node.output(2).buffer : node.scratch(sizeof(float));
  const Strides operands[] = {y.strides, x.strides, {}, {}};
  const kernels::Loop loop = kernels::make_loop(x.shape, operands);
  const Extent count = x.shape.count();
  node.run([=](const Run& run) {
    kernels::choose_quantization(run.at(x.buffer), count, run.at(scale), run.at<uint8_t>(zero));
    kernels::quantize(loop, run.at(x.buffer), run.at(scale), run.at<std::byte>(zero),
                      run.at<std::byte>(y.buffer), DType::kU8);
  });
  return {};
}

}  // namespace heed

// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
#include <algorithm>

#include "graph/operator.h"
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

Spread read_spread(NodeReader& node) {
  const Shape &x = node.shape(0), &scale = node.shape(1);
  Spread spread;
  if (scale.count() == 1 && scale.rank() <= 1) return spread;
  spread.axis = node.axis(1, x.rank());
  const Extent extent = x[spread.axis];
  const int64_t block = node.integer("block_size", 0);
  if (block == 0) {
    spread.kind = Spread::kAxis;
    if (scale == Shape{extent}) return spread;
  } else {
    spread.kind = Spread::kBlocks;
    Shape blocks = x;
    if (block > 0 && block <= std::max<Extent>(extent, 1) && extent % block == 0 &&
        x.rank() < kMaxRank) {
      spread.block = static_cast<Extent>(block);
      blocks[spread.axis] = extent / spread.block;
      if (scale == blocks) return spread;
    }
  }
  node.fail(Code::kWrongShape, "a scale of the shape % does not fit % along axis % in blocks of %",
            scale, x, spread.axis, block);
  return spread;
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
kernels::Loop quantization_loop(Lowering& node, const View& x, const View& y) {
  const Spread spread = read_spread(node);
  Strides zero_strides;
  if (node.has(2)) zero_strides = scale_strides(node.input(2), spread);
  const Strides operands[] = {data_strides(y, spread), data_strides(x, spread),
                              scale_strides(node.input(1), spread), zero_strides};
  return kernels::make_loop(split_shape(x.shape, spread), operands);
}

void check_scale(Inference& node) {
  if (node.dtype(1) != DType::kF32) node.unsupported_type(1);
  node.expect_shape(2, node.shape(1));
  read_spread(node);
}

}  // namespace

void infer_quantize(Inference& node) {
  check_scale(node);
  node.expect_floats(1);
  constexpr int64_t kOnnxInt8 = 3;
  DType type = node.integer("output_dtype", 0) == kOnnxInt8 ? DType::kI8 : DType::kU8;
  if (node.has(2)) type = node.dtype(2);
  if (type != DType::kU8 && type != DType::kI8) node.unsupported_type(2);
  node.set(0, type, node.shape(0));
}

void lower_quantize(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const kernels::Loop loop = quantization_loop(node, x, y);
  node.run([=, x = x.buffer, y = y.buffer, type = y.dtype, scale = node.input_buffer(1),
            zero = node.input_buffer(2)](const Run& run) {
    kernels::quantize(loop, run.at(x), run.at(scale), run.at<std::byte>(zero), run.at<std::byte>(y),
                      type);
  });
}

void infer_dequantize(Inference& node) {
  check_scale(node);
  const DType type = node.dtype(0);
  if (type != DType::kU8 && type != DType::kI8 && type != DType::kI32) node.unsupported_type(0);
  node.expect_dtype(2, type);
  node.set(0, DType::kF32, node.shape(0));
}

void lower_dequantize(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const kernels::Loop loop = quantization_loop(node, x, y);
  node.run([=, x = x.buffer, y = y.buffer, type = x.dtype, scale = node.input_buffer(1),
            zero = node.input_buffer(2)](const Run& run) {
    kernels::dequantize(loop, run.at<std::byte>(x), run.at(scale), run.at<std::byte>(zero),
                        run.at(y), type);
  });
}

void infer_dynamic_quantize(Inference& node) {
  node.expect_floats(1);
  node.set(0, DType::kU8, node.shape(0));
  node.set(1, DType::kF32, Shape{});
  node.set(2, DType::kU8, Shape{});
}

void lower_dynamic_quantize(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const Buffer scale = node.wants(1) ? node.output_buffer(1) : node.scratch(1);
  const Buffer zero = node.wants(2) ? node.output_buffer(2) : node.scratch(1);
  const Strides operands[] = {y.strides, x.strides, {}, {}};
  const kernels::Loop loop = kernels::make_loop(x.shape, operands);
  const Extent count = x.shape.count();
  node.run([=, x = x.buffer, y = y.buffer](const Run& run) {
    kernels::choose_quantization(run.at(x), count, run.at(scale), run.at<uint8_t>(zero));
    kernels::quantize(loop, run.at(x), run.at(scale), run.at<std::byte>(zero), run.at<std::byte>(y),
                      DType::kU8);
  });
}

}  // namespace heed

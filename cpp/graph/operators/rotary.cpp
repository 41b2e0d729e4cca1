// RotaryEmbedding(X, cosines, sines, position ids?), X being (B, heads, L, width) or (B, L, heads *
// width).
#include "kernels/rotary.h"

#include "graph/operator.h"

namespace heed {

namespace {

Result<kernels::RotaryEmbedding> read_rotary(const Attributes& attributes, const Shape& x) {
  const int64_t heads = attributes.integer("num_heads", 0);
  const bool apart = x.rank() == 4;
  if (!apart && (x.rank() != 3 || heads < 1 || x[2] % heads != 0)) {
    return error(Code::kWrongShape, "rotary embedding of a tensor of the shape ", x, " with ",
                 heads, " heads");
  }
  kernels::RotaryEmbedding rotary;
  rotary.batch = x[0];
  rotary.heads = apart ? x[1] : static_cast<Extent>(heads);
  rotary.rows = apart ? x[2] : x[1];
  rotary.width = apart ? x[3] : x[2] / rotary.heads;
  rotary.interleaved = attributes.integer("interleaved", 0) != 0;
  const int64_t rotated = attributes.integer("rotary_embedding_dim", 0);
  if (rotated < 0 || rotated > rotary.width || (rotated == 0 ? rotary.width : rotated) % 2 != 0) {
    return error(Code::kInvalidGraph, "rotary embedding of ", rotated, " of ", rotary.width,
                 " elements");
  }
  rotary.rotated = rotated == 0 ? rotary.width : static_cast<Extent>(rotated);
  const Strides s = strides_of(x);
  rotary.x = apart ? kernels::AttentionSteps{s[0], s[1], s[2], 1}
                   : kernels::AttentionSteps{s[0], rotary.width, s[1], 1};
  rotary.y = rotary.x;
  return rotary;
}

}  // namespace

Status infer_rotary(Inference& node) {
  const Result<kernels::RotaryEmbedding> read = read_rotary(node.attributes(), node.shape(0));
  if (!read.ok()) return read.status();
  const kernels::RotaryEmbedding& rotary = read.value();
  const Shape by_id = {node.shape(1).rank() > 0 ? node.shape(1)[0] : 0, rotary.rotated / 2};
  const Shape by_row = {rotary.batch, rotary.rows, rotary.rotated / 2};
  const Shape& expected = node.has(3) ? by_id : by_row;
  for (int input = 0; input < 3; ++input) {
    if (node.dtype(input) != DType::kF32) {
      return error(Code::kUnsupportedType, "RotaryEmbedding of ", dtype_name(node.dtype(input)));
    }
    if (input > 0 && !(node.shape(input) == expected)) {
      return error(Code::kWrongShape, "input ", input, " has the shape ", node.shape(input),
                   ", expected ", expected);
    }
  }
  if (node.has(3)) {
    const Shape ids = {rotary.batch, rotary.rows};
    if (node.dtype(3) != DType::kI64 || !(node.shape(3) == ids) || expected[0] == 0) {
      return error(Code::kWrongShape, "the positions must be int64 and of the shape ", ids);
    }
  }
  return infer_like_first(node);
}

Status lower_rotary(Lowering& node) {
  const View x = node.input(0), y = node.output(0), cosines = node.input(1);
  kernels::RotaryEmbedding rotary = read_rotary(node.attributes(), x.shape).value();
  rotary.positions = node.has(3) ? cosines.shape[0] : rotary.batch * rotary.rows;
  const Buffer ids = node.has(3) ? node.input(3).buffer : kNoBuffer;
  node.run([=, y = y.buffer, x = x.buffer, cosines = cosines.buffer,
            sines = node.input(2).buffer](const Run& run) {
    kernels::rotary_embedding(rotary, run.at<float>(y), run.at<float>(x), run.at<float>(cosines),
                              run.at<float>(sines),
                              ids == kNoBuffer ? nullptr : run.at<int64_t>(ids));
  });
  return {};
}

}  // namespace heed

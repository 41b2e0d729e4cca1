// RotaryEmbedding(X, cosines, sines, position ids?), X being (B, heads, L, width) or (B, L, heads *
// width). Beyond ONNX, caches (L, rotated / 2) without ids are those of every batch.
#include "kernels/rotary.h"

#include "graph/operator.h"

namespace heed {

namespace {

bool read_rotary(NodeReader& node, kernels::RotaryEmbedding& rotary) {
  const Shape& x = node.shape(0);
  const int64_t heads = node.integer("num_heads", 0);
  const bool apart = x.rank() == 4;
  if (!apart && (x.rank() != 3 || heads < 1 || x[2] % heads != 0)) {
    node.fail(Code::kWrongShape, "a tensor of the shape % in % heads", x, heads);
    return false;
  }
  rotary.batch = x[0];
  rotary.heads = apart ? x[1] : static_cast<Extent>(heads);
  rotary.rows = apart ? x[2] : x[1];
  rotary.width = apart ? x[3] : x[2] / rotary.heads;
  rotary.interleaved = node.flag("interleaved");
  const int64_t given = node.integer("rotary_embedding_dim", 0);
  const int64_t rotated = given == 0 ? rotary.width : given;
  if (rotated < 0 || rotated > rotary.width || rotated % 2 != 0) {
    node.fail(Code::kInvalidGraph, "% of % elements are rotated", rotated, rotary.width);
    return false;
  }
  rotary.rotated = static_cast<Extent>(rotated);
  const Strides s = strides_of(x);
  rotary.x = {s[0], apart ? s[1] : rotary.width, s[apart ? 2 : 1], 1};
  rotary.y = rotary.x;
  return true;
}

}  // namespace

void infer_rotary(Inference& node) {
  kernels::RotaryEmbedding rotary;
  node.expect_floats(3);
  if (!read_rotary(node, rotary)) return;
  const Shape by_id = {node.shape(1)[0], rotary.rotated / 2};
  const Shape by_row = {rotary.batch, rotary.rows, rotary.rotated / 2};
  const Shape for_all = {rotary.rows, rotary.rotated / 2};
  const Shape& expected = node.has(3) ? by_id : node.shape(1).rank() == 2 ? for_all : by_row;
  node.expect_shape(1, expected);
  node.expect_shape(2, expected);
  node.expect_dtype(3, DType::kI64);
  node.expect_shape(3, {rotary.batch, rotary.rows});
  if (expected[0] == 0 && node.has(3)) node.fail(Code::kWrongShape, "there are no positions");
  node.set_like_first();
}

void lower_rotary(Lowering& node) {
  kernels::RotaryEmbedding rotary;
  read_rotary(node, rotary);
  const Shape& cache = node.shape(1);
  rotary.positions = cache.count(0, cache.rank() - 1);
  node.run([=, y = node.output_buffer(0), x = node.input_buffer(0), cosines = node.input_buffer(1),
            sines = node.input_buffer(2), ids = node.input_buffer(3)](const Run& run) {
    kernels::rotary_embedding(rotary, run.at(y), run.at(x), run.at(cosines), run.at(sines),
                              run.at<int64_t>(ids));
  });
}

}  // namespace heed

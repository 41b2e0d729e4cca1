// AdditiveScore, the fused step of additive attention.
#include "kernels/additive_score.h"

#include "graph/operator.h"

namespace heed {

void infer_additive_score(Inference& node) {
  node.expect_floats(node.input_count());
  const Shape &q = node.shape(0), &k = node.shape(1);
  if (q.rank() != 3 || k.rank() != 3 || q[0] != k[0] || q[2] != k[2]) {
    node.fail(Code::kWrongShape, "queries % and keys % are not (B, Tq, d) and (B, Tk, d)", q, k);
  }
  for (int input = 2; input < 4; ++input) {
    // PyTorch's v is a Linear of one row, (1, d).
    if (node.has(input) && node.shape(input).count() != q[2]) node.expect_shape(input, {q[2]});
  }
  Dims e(q);
  e.extents[2] = k[1];
  node.set(0, DType::kF32, e);
}

void lower_additive_score(Lowering& node) {
  const Shape& q = node.shape(0);
  const kernels::AdditiveScore shape = {q[0], q[1], node.shape(1)[1], q[2]};
  const Buffer scratch = node.scratch(shape.width);
  node.run([=, e = node.output_buffer(0), q = node.input_buffer(0), k = node.input_buffer(1),
            v = node.input_buffer(2), b = node.input_buffer(3)](const Run& run) {
    kernels::additive_score(shape, run.at(e), run.at(q), run.at(k), run.at(v), run.at(b),
                            run.at(scratch));
  });
}

}  // namespace heed

// SecondOrderPool: what SOCA's gate is computed from.
#include "kernels/second_order_pool.h"

#include <algorithm>

#include "graph/operator.h"

namespace heed {

namespace {

struct Range {
  Extent begin, length;
};

// The middle `crop` of `extent` as Python's slice [(extent - crop) // 2 : (extent + crop) // 2]
// reads it: of a smaller extent, the beginning counts from its end.
Range middle(Extent extent, Extent crop) {
  Extent begin = (extent - crop) >> 1;
  const Extent end = std::min(extent, begin + crop);
  if (begin < 0) begin = std::max<Extent>(0, begin + extent);
  return {begin, std::max<Extent>(0, end - begin)};
}

}  // namespace

void infer_second_order_pool(Inference& node) {
  node.expect_floats(1);
  const Shape& x = node.shape(0);
  const int64_t crop = node.integer("crop", 0);
  if (x.rank() != 4) {
    return node.fail(Code::kWrongShape,
                     "second-order pooling of the shape %, expected (N, C, H, W)", x);
  }
  if (crop < 0 || crop > kMostElements) {
    node.fail(Code::kInvalidGraph, "crop is %, expected 0 or more", crop);
  }
  node.set(0, DType::kF32, Shape{x[0], x[1], 1, 1});
}

void lower_second_order_pool(Lowering& node) {
  const View x = node.input(0);
  const Extent height = x.shape[2], width = x.shape[3];
  const auto crop = static_cast<Extent>(node.integer("crop", 0));
  // SAN's rule: the longer side alone is cropped where the other one is shorter than `crop`. It
  // forgets that a side may have exactly that length: then both are "cropped".
  Range rows = {0, height}, columns = {0, width};
  if (crop > 0 && (height >= crop || width >= crop)) {
    if (height >= crop || width <= crop) rows = middle(height, crop);
    if (width >= crop || height <= crop) columns = middle(width, crop);
  }
  kernels::SecondOrderPool pool;
  pool.batch = x.shape[0];
  pool.channels = x.shape[1];
  pool.rows = rows.length;
  pool.columns = columns.length;
  pool.batch_step = x.strides[0];
  pool.channel_step = x.strides[1];
  pool.row_step = x.strides[2];
  pool.column_step = x.strides[3];
  if (columns.length == width) {
    // Rows that lie behind one another are one.
    pool.columns *= pool.rows;
    pool.rows = 1;
  }
  const Extent first = rows.begin * pool.row_step + columns.begin * pool.column_step;
  const Buffer scratch = node.scratch(kernels::second_order_pool_scratch(pool));
  node.run([=, x = x.buffer, v = node.output_buffer(0)](const Run& run) {
    kernels::second_order_pool(pool, run.at(x) + first, run.at(v), run.at(scratch));
  });
}

}  // namespace heed

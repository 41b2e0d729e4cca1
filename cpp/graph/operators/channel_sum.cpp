// ChannelSum: a weighted sum of the channels.
#include "kernels/channel_sum.h"

#include "graph/operator.h"

namespace heed {

void infer_channel_sum(Inference& node) {
  node.expect_floats(3);
  Shape y = node.shape(0);
  if (y.rank() < 3 || node.shape(1).count() != y[1]) {
    return node.fail(Code::kWrongShape, "a sum of the channels of the shape % with weights %", y,
                     node.shape(1));
  }
  node.expect_one(2);
  y[1] = 1;
  node.set(0, DType::kF32, y);
}

void lower_channel_sum(Lowering& node) {
  const View x = node.input(0);
  const int rank = x.shape.rank();
  kernels::ChannelSum sum;
  sum.batch = x.shape[0];
  sum.channels = x.shape[1];
  sum.positions = x.shape.count(2, rank);
  sum.batch_step = x.strides[0];
  sum.channel_step = x.strides[1];
  sum.position_step = x.strides[rank - 1];
  sum.activation = node.activation();
  node.run([=, x = x.buffer, w = node.input_buffer(1), bias = node.input_buffer(2),
            y = node.output_buffer(0)](const Run& run) {
    kernels::channel_sum(sum, run.at(x), run.at(w), run.at(bias), run.at(y));
  });
}

}  // namespace heed

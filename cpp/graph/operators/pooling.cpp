// MaxPool, AveragePool, LpPool and GlobalLpPool, of one to three spatial axes.
#include "graph/operators/window.h"
#include "kernels/pool.h"

namespace heed {

namespace {

bool read_window(NodeReader& node, Window& window) {
  return pooling_window(node, node.id() == OperatorId::kGlobalLpPool, window);
}

}  // namespace

void infer_pool(Inference& node) {
  node.expect_first_output();
  const bool is_max = node.id() == OperatorId::kMaxPool;
  const DType dtype = node.dtype(0);
  const bool bytes = dtype == DType::kU8 || dtype == DType::kI8;
  if (dtype != DType::kF32 && !(is_max && bytes)) node.unsupported_type(0);
  Window window;
  if (!read_window(node, window)) return;
  const int64_t p = node.integer("p", 2);
  if (p < 1) node.fail(Code::kInvalidGraph, "p is %, expected at least 1", p);
  const Dims dims = output_dims(window, node.shape(0)[0], node.shape(0)[1]);
  node.set(0, dtype, dims);
  if (is_max) node.set(1, DType::kI64, dims);
}

void lower_pool(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  Window window;
  read_window(node, window);
  kernels::Pool pool;
  pool.kind = node.id() == OperatorId::kMaxPool       ? kernels::PoolKind::kMax
              : node.id() == OperatorId::kAveragePool ? kernels::PoolKind::kAverage
                                                      : kernels::PoolKind::kLp;
  pool.batch = x.shape[0];
  pool.channels = x.shape[1];
  pool.count_padding = node.flag("count_include_pad");
  pool.p = static_cast<float>(node.integer("p", 2));
  for (int axis = 0; axis < 3; ++axis) {
    const Extent kernel = window.kernel[axis], dilation = window.dilation[axis];
    // In ceil mode the last windows reach beyond the padding. PyTorch's averages, which have no
    // dilation, do not count what lies there; ONNX's tests count it where there is one.
    const Extent beyond = dilation > 1 ? (kernel - 1) * dilation : 0;
    pool.axes[axis] = {window.in[axis],
                       window.out[axis],
                       kernel,
                       window.stride[axis],
                       dilation,
                       window.pad_begin[axis],
                       window.pad_end[axis] + beyond};
  }
  const Buffer indices = node.output_buffer(1);
  if (indices == kNoBuffer && x.dtype == DType::kF32) {
    node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
      kernels::pool(pool, run.at<float>(y), run.at<float>(x));
    });
    return;
  }
  const bool column_major = node.flag("storage_order");
  node.run([=, dtype = x.dtype, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::max_pool_indices(pool, dtype, column_major, run.at<std::byte>(y),
                              run.at<int64_t>(indices), run.at<std::byte>(x));
  });
}

}  // namespace heed

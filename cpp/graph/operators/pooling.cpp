// MaxPool, AveragePool, LpPool and GlobalLpPool, of one to three spatial axes.
#include "graph/operators/arguments.h"
#include "graph/operators/window.h"
#include "kernels/pool.h"

namespace heed {

namespace {

bool is_global(const Node& node) { return node.op->name == "GlobalLpPool"; }

Result<Window> pooling_window(const Node& node, const Shape& shape) {
  const Attributes& attributes = *node.attributes;
  std::vector<Extent> kernel;
  if (is_global(node)) {
    for (int axis = 2; axis < shape.rank(); ++axis) kernel.push_back(shape[axis]);
    return convolution_window(Attributes{}, shape, kernel);
  }
  for (int64_t extent : attributes.integers("kernel_shape")) {
    if (extent < 1 || extent > INT32_MAX) {
      return error(Code::kInvalidGraph, "kernel_shape has the value ", extent);
    }
    kernel.push_back(static_cast<Extent>(extent));
  }
  Result<Window> result = convolution_window(attributes, shape, kernel);
  const std::string_view auto_pad = attributes.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!result.ok() || same || attributes.integer("ceil_mode", 0) == 0) return result;
  Window& window = result.value();
  for (int axis = 3 - window.rank; axis < 3; ++axis) {
    const int64_t begin = int64_t{window.in[axis]} + window.pad_begin[axis];
    const int64_t reach = int64_t{window.dilation[axis]} * (window.kernel[axis] - 1) + 1;
    const int64_t stride = window.stride[axis];
    int64_t out = (begin + window.pad_end[axis] - reach + stride - 1) / stride + 1;
    // A window that begins behind the input sees padding only: there is none.
    if ((out - 1) * stride >= begin) --out;
    if ((out - 1) * stride + reach > INT32_MAX) {
      return error(Code::kWrongShape, "the windows of axis ", axis, " end beyond 2147483647");
    }
    window.out[axis] = static_cast<Extent>(out);
  }
  return result;
}

}  // namespace

Status infer_pool(Inference& node) {
  HEED_TRY(check_first_output(node));
  const bool is_max = node.node().op->name == "MaxPool";
  const DType dtype = node.dtype(0);
  const bool bytes = dtype == DType::kU8 || dtype == DType::kI8;
  if (dtype != DType::kF32 && !(is_max && bytes)) {
    return error(Code::kUnsupportedType, node.node().op->name, " of ", dtype_name(dtype));
  }
  const Result<Window> read = pooling_window(node.node(), node.shape(0));
  if (!read.ok()) return read.status();
  if (node.attributes().integer("p", 2) < 1) {
    return error(Code::kInvalidGraph, "p is ", node.attributes().integer("p", 2));
  }
  const Window& window = read.value();
  std::vector<int64_t> dims = {node.shape(0)[0], node.shape(0)[1]};
  for (int axis = 3 - window.rank; axis < 3; ++axis) dims.push_back(window.out[axis]);
  const Result<Shape> shape = Shape::make(dims);
  if (!shape.ok()) return shape.status();
  node.set(0, dtype, shape.value());
  if (is_max) node.set(1, DType::kI64, shape.value());
  return {};
}

Status lower_pool(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const Attributes& attributes = node.attributes();
  const std::string_view name = node.node().op->name;
  const Window window = pooling_window(node.node(), x.shape).value();
  kernels::Pool pool;
  pool.kind = name == "MaxPool"       ? kernels::PoolKind::kMax
              : name == "AveragePool" ? kernels::PoolKind::kAverage
                                      : kernels::PoolKind::kLp;
  pool.batch = x.shape[0];
  pool.channels = x.shape[1];
  pool.count_padding = attributes.integer("count_include_pad", 0) != 0;
  pool.p = static_cast<float>(attributes.integer("p", 2));
  for (int axis = 0; axis < 3; ++axis) {
    pool.axes[axis] = {window.in[axis],     window.out[axis],      window.kernel[axis],
                       window.stride[axis], window.dilation[axis], window.pad_begin[axis]};
  }
  const Buffer indices = node.wants(1) ? node.output(1).buffer : kNoBuffer;
  if (indices == kNoBuffer && x.dtype == DType::kF32) {
    node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
      kernels::pool(pool, run.at<float>(y), run.at<float>(x));
    });
    return {};
  }
  const bool column_major = attributes.integer("storage_order", 0) != 0;
  node.run([=, dtype = x.dtype, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::max_pool_indices(pool, dtype, column_major, run.at<std::byte>(y),
                              indices == kNoBuffer ? nullptr : run.at<int64_t>(indices),
                              run.at<std::byte>(x));
  });
  return {};
}

}  // namespace heed

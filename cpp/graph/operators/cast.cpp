// Cast and CastLike.
#include "graph/operators/copy_task.h"
#include "graph/operators/onnx_dtype.h"
#include "kernels/convert.h"

namespace heed {

void infer_cast(Inference& node) {
  node.set(0, dtype_of_onnx(node, node.integer("to", 0)), node.shape(0));
}

void infer_cast_like(Inference& node) { node.set(0, node.dtype(1), node.shape(0)); }

void lower_cast(Lowering& node) {
  const View from = node.input(0);
  // CastLike has the type as that of its second input.
  const DType target = node.has(1) ? node.dtype(1) : dtype_of_onnx(node, node.integer("to", 0));
  if (from.dtype == target) return node.alias(0, 0);
  const View to = node.output(0);
  const Extent count = to.shape.count();
  const bool same_order = from.layout == to.layout;
  const size_t size = byte_size(to.dtype);
  // Converted in the input's order; what has another order then takes a second step.
  const Buffer converted = same_order ? to.buffer : node.scratch(count, size);
  node.run([=, from = from.buffer, from_type = from.dtype, to_type = to.dtype](const Run& run) {
    kernels::convert(from_type, run.at<std::byte>(from), to_type, run.at<std::byte>(converted),
                     count);
  });
  if (same_order) return;
  run_copy(node, kernels::make_copy(to.shape, from.strides, to.strides), {converted}, {to.buffer},
           size);
}

void lower_cast_like(Lowering& node) { lower_cast(node); }

}  // namespace heed

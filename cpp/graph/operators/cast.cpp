// Cast and CastLike.
#include "graph/operators/arguments.h"
#include "kernels/convert.h"
#include "kernels/copy.h"

namespace heed {

Status infer_cast(Inference& node) {
  const Result<DType> to = dtype_of_onnx(node.attributes().integer("to", 0));
  if (!to.ok()) return to.status();
  node.set(0, to.value(), node.shape(0));
  return {};
}

Status infer_cast_like(Inference& node) {
  node.set(0, node.dtype(1), node.shape(0));
  return {};
}

Status lower_cast(Lowering& node) {
  const View from = node.input(0);
  // CastLike has the type as that of its second input.
  const DType target =
      node.has(1) ? node.input(1).dtype : dtype_of_onnx(node.attributes().integer("to", 0)).value();
  if (from.dtype == target) {
    node.alias(0, 0);
    return {};
  }
  const View to = node.output(0);
  const Extent count = to.shape.count();
  const bool same_order = from.layout == to.layout;
  const size_t size = byte_size(to.dtype);
  // Converted in the input's order; what has another order then takes a second step.
  const Buffer converted = same_order ? to.buffer : node.scratch(static_cast<size_t>(count) * size);
  node.run([=, from = from.buffer, from_type = from.dtype, to_type = to.dtype](const Run& run) {
    kernels::convert(from_type, run.at<std::byte>(from), to_type, run.at<std::byte>(converted),
                     count);
  });
  if (same_order) return {};
  const kernels::StridedCopy copy = kernels::make_copy(to.shape, from.strides, to.strides);
  node.run([=, to = to.buffer](const Run& run) {
    kernels::copy_strided(copy, run.at<std::byte>(converted), run.at<std::byte>(to), size);
  });
  return {};
}

Status lower_cast_like(Lowering& node) { return lower_cast(node); }

}  // namespace heed

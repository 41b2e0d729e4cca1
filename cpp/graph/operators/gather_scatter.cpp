// Gather, GatherElements, GatherND, Scatter(Elements) and ScatterND. Indices that are known when
// the plan is made are checked; those that a run computes are clamped (kernels/gather.h).
#include <cstring>

#include "graph/operators/arguments.h"
#include "kernels/copy.h"
#include "kernels/gather.h"
#include "kernels/scatter.h"

namespace heed {

namespace {

using kernels::Indices;

Status check_index_type(const Inference& node) {
  const DType dtype = node.dtype(1);
  if (dtype == DType::kI64 || dtype == DType::kI32) return {};
  return error(Code::kWrongType, "indices must be int64 or int32, they are ", dtype_name(dtype));
}

// Checks indices into axes of the extents given, which repeat along the last axis of the index
// tensor (one extent: every index is into that axis). Without a known value it checks that
// something may be read at all.
Status check_indices(const Inference& node, std::span<const Extent> extents) {
  if (node.shape(1).count() == 0) return {};
  for (Extent extent : extents) {
    if (extent == 0) return error(Code::kWrongShape, "indices into an axis of extent 0");
  }
  const std::vector<int64_t> indices = integers_of(node.value(1));
  for (size_t i = 0; i < indices.size(); ++i) {
    const Extent extent = extents[i % extents.size()];
    if (indices[i] < -int64_t{extent} || indices[i] >= extent) {
      return error(Code::kWrongValue, "index ", indices[i], " is outside -", extent, "..",
                   extent - 1);
    }
  }
  return {};
}

// Axes other than `axis` of the indices must not exceed those of the data.
Status check_element_shapes(const Inference& node, int axis) {
  const Shape &data = node.shape(0), &indices = node.shape(1);
  bool fits = data.rank() == indices.rank();
  for (int at = 0; fits && at < data.rank(); ++at) fits = at == axis || indices[at] <= data[at];
  if (fits) return {};
  return error(Code::kWrongShape, "indices of the shape ", indices, " along axis ", axis,
               " do not fit the data of the shape ", data);
}

}  // namespace

Status infer_gather(Inference& node) {
  HEED_TRY(check_index_type(node));
  const Shape &data = node.shape(0), &indices = node.shape(1);
  const Result<int> axis = normalize_axis(node.attributes().integer("axis", 0), data.rank());
  if (!axis.ok()) return axis.status();
  HEED_TRY(check_indices(node, {data.begin() + axis.value(), 1}));
  std::vector<int64_t> dims(data.begin(), data.begin() + axis.value());
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + axis.value() + 1, data.end());
  return set_shape(node, node.dtype(0), dims);
}

Status lower_gather(Lowering& node) {
  const View from = node.input(0), at = node.input(1), to = node.output(0);
  const int rank = from.shape.rank();
  const int axis = normalize_axis(node.attributes().integer("axis", 0), rank).value();
  const kernels::GatherShape shape = {from.shape.count(0, axis), from.shape[axis],
                                      from.shape.count(axis + 1, rank), at.shape.count()};
  const bool wide = at.dtype == DType::kI64;
  const size_t size = byte_size(to.dtype);
  node.run([=, from = from.buffer, at = at.buffer, to = to.buffer](const Run& run) {
    kernels::gather(shape, Indices{run.at<std::byte>(at), wide}, run.at<std::byte>(from),
                    run.at<std::byte>(to), size);
  });
  return {};
}

Status infer_gather_elements(Inference& node) {
  HEED_TRY(check_index_type(node));
  const Shape& data = node.shape(0);
  const Result<int> axis = normalize_axis(node.attributes().integer("axis", 0), data.rank());
  if (!axis.ok()) return axis.status();
  HEED_TRY(check_element_shapes(node, axis.value()));
  HEED_TRY(check_indices(node, {data.begin() + axis.value(), 1}));
  node.set(0, node.dtype(0), node.shape(1));
  return {};
}

Status lower_gather_elements(Lowering& node) {
  const View from = node.input(0), at = node.input(1), to = node.output(0);
  const int axis = normalize_axis(node.attributes().integer("axis", 0), from.shape.rank()).value();
  const size_t size = byte_size(to.dtype);
  node.run([=](const Run& run) {
    kernels::gather_elements(from.shape, to.shape, axis,
                             Indices{run.at<std::byte>(at.buffer), at.dtype == DType::kI64},
                             run.at<std::byte>(from.buffer), run.at<std::byte>(to.buffer), size);
  });
  return {};
}

Status infer_gather_nd(Inference& node) {
  HEED_TRY(check_index_type(node));
  const Shape &data = node.shape(0), &indices = node.shape(1);
  const int64_t batch = node.attributes().integer("batch_dims", 0);
  if (data.rank() == 0 || indices.rank() == 0 || batch < 0 ||
      batch >= std::min(data.rank(), indices.rank())) {
    return error(Code::kWrongShape, "GatherND with ", batch, " batch axes of the shapes ", data,
                 " and ", indices);
  }
  const int batch_rank = static_cast<int>(batch);
  const Extent depth = indices[indices.rank() - 1];
  bool fits = depth >= 1 && depth <= data.rank() - batch_rank;
  for (int axis = 0; fits && axis < batch_rank; ++axis) fits = data[axis] == indices[axis];
  if (!fits) {
    return error(Code::kWrongShape, "GatherND's indices of the shape ", indices,
                 " do not fit the data of the shape ", data);
  }
  HEED_TRY(check_indices(node, {data.begin() + batch_rank, static_cast<size_t>(depth)}));
  std::vector<int64_t> dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), data.begin() + batch_rank + depth, data.end());
  return set_shape(node, node.dtype(0), dims);
}

Status lower_gather_nd(Lowering& node) {
  const View from = node.input(0), at = node.input(1), to = node.output(0);
  const auto batch_rank = static_cast<int>(node.attributes().integer("batch_dims", 0));
  const int depth = at.shape[at.shape.rank() - 1];
  const Extent count = at.shape.count(batch_rank, at.shape.rank() - 1);
  const size_t size = byte_size(to.dtype);
  node.run([=](const Run& run) {
    kernels::gather_nd(from.shape, batch_rank, depth, count,
                       Indices{run.at<std::byte>(at.buffer), at.dtype == DType::kI64},
                       run.at<std::byte>(from.buffer), run.at<std::byte>(to.buffer), size);
  });
  return {};
}

namespace {

Result<kernels::Reduction> reduction_of(const Attributes& attributes) {
  const std::string_view name = attributes.text("reduction", "none");
  if (name == "none") return kernels::Reduction::kNone;
  if (name == "add") return kernels::Reduction::kAdd;
  if (name == "mul") return kernels::Reduction::kMultiply;
  if (name == "min") return kernels::Reduction::kMinimum;
  if (name == "max") return kernels::Reduction::kMaximum;
  return error(Code::kInvalidGraph, "unknown reduction ", name);
}

Status check_updates(const Inference& node, const Shape& expected) {
  const Result<kernels::Reduction> reduction = reduction_of(node.attributes());
  if (!reduction.ok()) return reduction.status();
  if (node.dtype(2) != node.dtype(0)) {
    return error(Code::kWrongType, "updates of type ", dtype_name(node.dtype(2)),
                 " to data of type ", dtype_name(node.dtype(0)));
  }
  if (node.shape(2) == expected) return {};
  return error(Code::kWrongShape, "updates have the shape ", node.shape(2), ", expected ",
               expected);
}

// The first step of a scatter: the output becomes the data.
void copy_data(Lowering& node) {
  const View data = node.input(0), to = node.output(0);
  const size_t bytes = static_cast<size_t>(data.shape.count()) * byte_size(data.dtype);
  node.run([=, data = data.buffer, to = to.buffer](const Run& run) {
    if (bytes > 0) std::memcpy(run.at<std::byte>(to), run.at<std::byte>(data), bytes);
  });
}

}  // namespace

Status infer_scatter_elements(Inference& node) {
  HEED_TRY(check_index_type(node));
  const Shape& data = node.shape(0);
  const Result<int> axis = normalize_axis(node.attributes().integer("axis", 0), data.rank());
  if (!axis.ok()) return axis.status();
  HEED_TRY(check_element_shapes(node, axis.value()));
  HEED_TRY(check_indices(node, {data.begin() + axis.value(), 1}));
  HEED_TRY(check_updates(node, node.shape(1)));
  node.set(0, node.dtype(0), data);
  return {};
}

Status lower_scatter_elements(Lowering& node) {
  copy_data(node);
  const View at = node.input(1), updates = node.input(2), to = node.output(0);
  const int axis = normalize_axis(node.attributes().integer("axis", 0), to.shape.rank()).value();
  const kernels::Reduction reduction = reduction_of(node.attributes()).value();
  node.run([=](const Run& run) {
    kernels::scatter_elements(to.shape, updates.shape, axis, reduction, to.dtype,
                              Indices{run.at<std::byte>(at.buffer), at.dtype == DType::kI64},
                              run.at<std::byte>(updates.buffer), run.at<std::byte>(to.buffer));
  });
  return {};
}

Status infer_scatter_nd(Inference& node) {
  HEED_TRY(check_index_type(node));
  const Shape &data = node.shape(0), &indices = node.shape(1);
  const Extent depth = indices.rank() > 0 ? indices[indices.rank() - 1] : 0;
  if (depth < 1 || depth > data.rank()) {
    return error(Code::kWrongShape, "ScatterND's indices of the shape ", indices,
                 " do not fit the data of the shape ", data);
  }
  HEED_TRY(check_indices(node, {data.begin(), static_cast<size_t>(depth)}));
  std::vector<int64_t> dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), data.begin() + depth, data.end());
  const Result<Shape> expected = Shape::make(dims);
  if (!expected.ok()) return expected.status();
  HEED_TRY(check_updates(node, expected.value()));
  node.set(0, node.dtype(0), data);
  return {};
}

Status lower_scatter_nd(Lowering& node) {
  copy_data(node);
  const View at = node.input(1), updates = node.input(2), to = node.output(0);
  const int depth = at.shape[at.shape.rank() - 1];
  const Extent count = at.shape.count(0, at.shape.rank() - 1);
  const kernels::Reduction reduction = reduction_of(node.attributes()).value();
  if (updates.shape.count() == 0) return {};
  node.run([=](const Run& run) {
    kernels::scatter_nd(to.shape, depth, count, reduction, to.dtype,
                        Indices{run.at<std::byte>(at.buffer), at.dtype == DType::kI64},
                        run.at<std::byte>(updates.buffer), run.at<std::byte>(to.buffer));
  });
  return {};
}

}  // namespace heed

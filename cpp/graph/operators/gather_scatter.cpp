// Gather, GatherElements, GatherND, Scatter(Elements) and ScatterND. Indices that are known when
// the plan is made are checked; those that a run computes are clamped (kernels/gather.h).
#include "graph/operators/copy_task.h"
#include "kernels/gather.h"
#include "kernels/scatter.h"

namespace heed {

namespace {

using kernels::Indices;

// The indices are input 1.
struct IndexBuffer {
  explicit IndexBuffer(Lowering& node)
      : buffer(node.input_buffer(1)), wide(node.dtype(1) == DType::kI64) {}
  Indices at(const Run& run) const { return {run.at<std::byte>(buffer), wide}; }

  Buffer buffer;
  bool wide;
};

// Checks indices into `count` axes of the data from `first` on, which repeat along the last axis of
// the index tensor (one axis: every index is into it). Without a known value it checks that
// something may be read at all.
void check_indices(Inference& node, int first, int count) {
  const DType dtype = node.dtype(1);
  if (dtype != DType::kI64 && dtype != DType::kI32) {
    node.fail(Code::kWrongType, "indices must be int64 or int32, they are %", dtype);
  }
  if (!node.ok() || node.shape(1).count() == 0) return;
  const Extent* extents = node.shape(0).begin() + first;
  for (int axis = 0; axis < count; ++axis) {
    if (extents[axis] == 0) node.fail(Code::kWrongShape, "indices into an axis of extent 0");
  }
  const Integers indices(node.value(1));
  for (size_t i = 0; i < indices.size(); ++i) {
    const Extent extent = extents[i % static_cast<size_t>(count)];
    if (indices[i] < -int64_t{extent} || indices[i] >= extent) {
      return node.fail(Code::kWrongValue, "index % is outside -%..%", indices[i], extent,
                       extent - 1);
    }
  }
}

void unfit_indices(Inference& node) {
  node.fail(Code::kWrongShape, "indices of the shape % do not fit the data of the shape %",
            node.shape(1), node.shape(0));
}

// GatherElements and ScatterElements: axes other than `axis` of the indices must not exceed those
// of the data.
void check_element_indices(Inference& node) {
  const Shape &data = node.shape(0), &indices = node.shape(1);
  const int axis = node.axis(0, data.rank());
  bool fits = data.rank() == indices.rank();
  for (int at = 0; fits && at < data.rank(); ++at) fits = at == axis || indices[at] <= data[at];
  if (!fits) unfit_indices(node);
  check_indices(node, axis, 1);
}

// GatherND and ScatterND: the last axis of the indices names elements, or blocks, of the data
// behind `batch` axes. The shape of what is read or written; false after an error.
bool blocks_shape(Inference& node, int64_t batch, Dims& dims) {
  const Shape &data = node.shape(0), &indices = node.shape(1);
  const int rank = std::min(data.rank(), indices.rank());
  bool fits = batch >= 0 && batch < rank;
  const int first = fits ? static_cast<int>(batch) : 0;
  const Extent depth = fits ? indices[indices.rank() - 1] : 0;
  fits = depth >= 1 && depth <= data.rank() - first;
  for (int axis = 0; fits && axis < first; ++axis) fits = data[axis] == indices[axis];
  if (!fits) {
    unfit_indices(node);
    return false;
  }
  check_indices(node, first, depth);
  dims.add(indices, 0, indices.rank() - 1);
  dims.add(data, first + depth, data.rank());
  return node.ok();
}

}  // namespace

void infer_gather(Inference& node) {
  const Shape &data = node.shape(0), &indices = node.shape(1);
  const int axis = node.axis(0, data.rank());
  check_indices(node, axis, 1);
  Dims dims;
  dims.add(data, 0, axis);
  dims.add(indices, 0, indices.rank());
  dims.add(data, axis + 1, data.rank());
  node.set(0, node.dtype(0), dims);
}

void lower_gather(Lowering& node) {
  const Shape& data = node.shape(0);
  const int rank = data.rank(), axis = node.axis(0, rank);
  const kernels::GatherShape shape = {data.count(0, axis), data[axis], data.count(axis + 1, rank),
                                      node.shape(1).count()};
  const IndexBuffer indices(node);
  const size_t size = byte_size(node.dtype(0));
  node.run([=, from = node.input_buffer(0), to = node.output_buffer(0)](const Run& run) {
    kernels::gather(shape, indices.at(run), run.at<std::byte>(from), run.at<std::byte>(to), size);
  });
}

void infer_gather_elements(Inference& node) {
  check_element_indices(node);
  node.set(0, node.dtype(0), node.shape(1));
}

void lower_gather_elements(Lowering& node) {
  const Shape from_shape = node.shape(0), to_shape = node.shape(1);
  const int axis = node.axis(0, from_shape.rank());
  const IndexBuffer indices(node);
  const size_t size = byte_size(node.dtype(0));
  node.run([=, from = node.input_buffer(0), to = node.output_buffer(0)](const Run& run) {
    kernels::gather_elements(from_shape, to_shape, axis, indices.at(run), run.at<std::byte>(from),
                             run.at<std::byte>(to), size);
  });
}

void infer_gather_nd(Inference& node) {
  Dims dims;
  if (blocks_shape(node, node.integer("batch_dims", 0), dims)) node.set(0, node.dtype(0), dims);
}

void lower_gather_nd(Lowering& node) {
  const Shape data = node.shape(0), &at = node.shape(1);
  const auto batch_rank = static_cast<int>(node.integer("batch_dims", 0));
  const int depth = at[at.rank() - 1];
  const Extent count = at.count(batch_rank, at.rank() - 1);
  const IndexBuffer indices(node);
  const size_t size = byte_size(node.dtype(0));
  node.run([=, from = node.input_buffer(0), to = node.output_buffer(0)](const Run& run) {
    kernels::gather_nd(data, batch_rank, depth, count, indices.at(run), run.at<std::byte>(from),
                       run.at<std::byte>(to), size);
  });
}

namespace {

// In the order of kernels::Reduction.
kernels::Reduction reduction_of(NodeReader& node) {
  return static_cast<kernels::Reduction>(node.choice("reduction", "none|add|mul|min|max"));
}

void infer_scatter(Inference& node, const Shape& updates) {
  reduction_of(node);
  node.expect_dtype(2, node.dtype(0));
  node.expect_shape(2, updates);
  node.set_like_first();
}

// The first step of a scatter: the output becomes the data.
void copy_data(Lowering& node) {
  const View data = node.input(0);
  if (data.shape.count() == 0) return;
  run_copy(node, kernels::make_copy(data.shape, data.strides, data.strides), {data.buffer},
           {node.output_buffer(0)}, byte_size(data.dtype));
}

}  // namespace

void infer_scatter_elements(Inference& node) {
  check_element_indices(node);
  infer_scatter(node, node.shape(1));
}

void lower_scatter_elements(Lowering& node) {
  copy_data(node);
  const Shape data = node.shape(0), updates_shape = node.shape(2);
  const int axis = node.axis(0, data.rank());
  const kernels::Reduction reduction = reduction_of(node);
  const IndexBuffer indices(node);
  node.run([=, dtype = node.dtype(0), updates = node.input_buffer(2),
            to = node.output_buffer(0)](const Run& run) {
    kernels::scatter_elements(data, updates_shape, axis, reduction, dtype, indices.at(run),
                              run.at<std::byte>(updates), run.at<std::byte>(to));
  });
}

void infer_scatter_nd(Inference& node) {
  Dims dims;
  Shape updates;
  if (!blocks_shape(node, 0, dims) || !node.make_shape(dims, updates)) return;
  infer_scatter(node, updates);
}

void lower_scatter_nd(Lowering& node) {
  copy_data(node);
  if (node.shape(2).count() == 0) return;
  const Shape data = node.shape(0), &at = node.shape(1);
  const int depth = at[at.rank() - 1];
  const Extent count = at.count(0, at.rank() - 1);
  const kernels::Reduction reduction = reduction_of(node);
  const IndexBuffer indices(node);
  node.run([=, dtype = node.dtype(0), updates = node.input_buffer(2),
            to = node.output_buffer(0)](const Run& run) {
    kernels::scatter_nd(data, depth, count, reduction, dtype, indices.at(run),
                        run.at<std::byte>(updates), run.at<std::byte>(to));
  });
}

}  // namespace heed

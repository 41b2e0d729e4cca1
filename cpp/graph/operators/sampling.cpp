// GridSample, AffineGrid and ReverseSequence.
#include <algorithm>

#include "graph/operator.h"
#include "kernels/copy.h"
#include "kernels/sample.h"

namespace heed {

namespace {

kernels::SampleMode sample_mode(NodeReader& node) {
  using enum kernels::SampleMode;
  constexpr kernels::SampleMode kModes[] = {kLinear, kNearest, kCubic, kLinear, kCubic};
  return kModes[node.choice("mode", "linear|nearest|cubic|bilinear|bicubic")];
}

// In the order of kernels::SamplePadding.
kernels::SamplePadding sample_padding(NodeReader& node) {
  return static_cast<kernels::SamplePadding>(
      node.choice("padding_mode", "zeros|border|reflection"));
}

}  // namespace

// In graphs of our own `grids` grids follow one another for each element of the batch.
void infer_grid_sample(Inference& node) {
  const Shape &from = node.shape(0), &grid = node.shape(1);
  node.expect_floats(2);
  const int rank = from.rank();
  if ((rank != 4 && rank != 5) || grid.rank() != rank ||
      grid[0] != from[0] * node.integer("grids", 1) || grid[rank - 1] != rank - 2 ||
      (grid.count(0, rank - 1) > 0 && from.count(2, rank) == 0)) {
    return node.fail(Code::kWrongShape, "the grid % does not fit the shape %", grid, from);
  }
  sample_mode(node);
  sample_padding(node);
  Dims dims;
  dims.add(grid, 0, 1);
  dims.add(from, 1, 2);
  dims.add(grid, 1, rank - 1);
  node.set(0, DType::kF32, dims);
}

void lower_grid_sample(Lowering& node) {
  const Shape &from = node.shape(0), &grid = node.shape(1);
  const View to = node.output(0);
  if (to.shape.count() == 0) return;
  const int spatial = from.rank() - 2;
  kernels::GridSample sample = {};
  sample.spatial = spatial;
  sample.batch = grid[0];
  sample.grids = static_cast<Extent>(node.integer("grids", 1));
  sample.channels = from[1];
  std::copy_n(from.begin() + 2, spatial, sample.extents);
  sample.points = grid.count(1, spatial + 1);
  sample.mode = sample_mode(node);
  sample.padding = sample_padding(node);
  sample.align_corners = node.flag("align_corners");
  node.run([=, from = node.input_buffer(0), grid = node.input_buffer(1),
            to = to.buffer](const Run& run) {
    kernels::grid_sample(sample, run.at(from), run.at(grid), run.at(to));
  });
}

// (N, 2, 3) matrices and the size (N, C, H, W) give the grid (N, H, W, 2); with one axis more, 3.
void infer_affine_grid(Inference& node) {
  node.expect_floats(1);
  Dims size;
  if (!node.required(1) || !node.require_list(1) || !node.read_dims(node.list(1, ""), size)) return;
  const int spatial = size.rank - 2;
  const Shape& theta = node.shape(0);
  if ((spatial != 2 && spatial != 3) || theta.rank() != 3 || theta[0] != size.extents[0] ||
      theta[1] != spatial || theta[2] != spatial + 1) {
    return node.fail(Code::kWrongShape, "matrices of the shape % do not fit % sizes", theta,
                     size.rank);
  }
  Dims dims;
  dims.add(size.extents[0]);
  for (int axis = 2; axis < size.rank; ++axis) dims.add(size.extents[axis]);
  dims.add(spatial);
  node.set(0, DType::kF32, dims);
}

void lower_affine_grid(Lowering& node) {
  const View to = node.output(0);
  const bool align_corners = node.flag("align_corners");
  node.run([=, shape = to.shape, to = to.buffer, theta = node.input_buffer(0)](const Run& run) {
    kernels::affine_grid(shape.rank() - 2, shape[0], shape.begin() + 1, align_corners,
                         run.at(theta), run.at(to));
  });
}

void infer_reverse_sequence(Inference& node) {
  const Shape& from = node.shape(0);
  const int64_t time_axis = node.integer("time_axis", 0);
  const int64_t batch_axis = node.integer("batch_axis", 1);
  if (from.rank() < 2 || time_axis < 0 || time_axis > 1 || batch_axis != 1 - time_axis ||
      !(node.shape(1) == Shape{from[static_cast<int>(batch_axis)]})) {
    return node.fail(Code::kWrongShape,
                     "lengths of the shape % do not fit the shape %, time axis %, batch axis %",
                     node.shape(1), from, time_axis, batch_axis);
  }
  node.expect_dtype(1, DType::kI64);
  node.set_like_first();
}

void lower_reverse_sequence(Lowering& node) {
  const View to = node.output(0);
  const auto time_axis = static_cast<int>(node.integer("time_axis", 0));
  const Extent steps = to.shape[time_axis], batch = to.shape[1 - time_axis];
  const Extent inner = to.shape.count(2, to.shape.rank());
  const auto row = static_cast<ptrdiff_t>(inner) * static_cast<ptrdiff_t>(byte_size(to.dtype));
  const ptrdiff_t time_step = (time_axis == 0 ? batch : 1) * row;
  const ptrdiff_t batch_step = (time_axis == 0 ? 1 : steps) * row;
  node.run([=, from = node.input_buffer(0), lengths = node.input_buffer(1),
            to = to.buffer](const Run& run) {
    for (Extent b = 0; b < batch; ++b) {
      const auto length =
          static_cast<Extent>(std::clamp<int64_t>(run.at<int64_t>(lengths)[b], 0, steps));
      for (Extent t = 0; t < steps; ++t) {
        const Extent source = t < length ? length - 1 - t : t;
        kernels::copy_row(run.at<std::byte>(from) + source * time_step + b * batch_step,
                          run.at<std::byte>(to) + t * time_step + b * batch_step,
                          static_cast<size_t>(row));
      }
    }
  });
}

}  // namespace heed

// GridSample, AffineGrid and ReverseSequence.
#include <algorithm>

#include "graph/operators/arguments.h"
#include "kernels/copy.h"
#include "kernels/sample.h"

namespace heed {

namespace {

Result<kernels::SampleMode> sample_mode(const Attributes& attributes) {
  const std::string_view mode = attributes.text("mode", "linear");
  if (mode == "linear" || mode == "bilinear") return kernels::SampleMode::kLinear;
  if (mode == "nearest") return kernels::SampleMode::kNearest;
  if (mode == "cubic" || mode == "bicubic") return kernels::SampleMode::kCubic;
  return error(Code::kInvalidGraph, "unknown mode ", mode);
}

Result<kernels::SamplePadding> sample_padding(const Attributes& attributes) {
  const std::string_view padding = attributes.text("padding_mode", "zeros");
  if (padding == "zeros") return kernels::SamplePadding::kZeros;
  if (padding == "border") return kernels::SamplePadding::kBorder;
  if (padding == "reflection") return kernels::SamplePadding::kReflection;
  return error(Code::kInvalidGraph, "unknown padding_mode ", padding);
}

}  // namespace

Status infer_grid_sample(Inference& node) {
  const Shape &from = node.shape(0), &grid = node.shape(1);
  if (node.dtype(0) != DType::kF32 || node.dtype(1) != DType::kF32) {
    return error(Code::kUnsupportedType, "GridSample of ", dtype_name(node.dtype(0)), " at ",
                 dtype_name(node.dtype(1)), " is not supported");
  }
  const int rank = from.rank();
  if ((rank != 4 && rank != 5) || grid.rank() != rank || grid[0] != from[0] ||
      grid[rank - 1] != rank - 2) {
    return error(Code::kWrongShape, "GridSample of the shape ", from, " with the grid ", grid);
  }
  const Result<kernels::SampleMode> mode = sample_mode(node.attributes());
  if (!mode.ok()) return mode.status();
  const Result<kernels::SamplePadding> padding = sample_padding(node.attributes());
  if (!padding.ok()) return padding.status();
  const Extent points = grid.count(0, rank - 1);
  if (points > 0 && from.count(2, rank) == 0) {
    return error(Code::kWrongShape, "GridSample of the empty shape ", from);
  }
  std::vector<int64_t> dims = {from[0], from[1]};
  dims.insert(dims.end(), grid.begin() + 1, grid.end() - 1);
  return set_shape(node, DType::kF32, dims);
}

Status lower_grid_sample(Lowering& node) {
  const View from = node.input(0), grid = node.input(1), to = node.output(0);
  if (to.shape.count() == 0) return {};
  const int spatial = from.shape.rank() - 2;
  kernels::GridSample sample = {};
  sample.spatial = spatial;
  sample.batch = from.shape[0];
  sample.channels = from.shape[1];
  std::copy_n(from.shape.begin() + 2, spatial, sample.extents);
  sample.points = grid.shape.count(1, spatial + 1);
  sample.mode = sample_mode(node.attributes()).value();
  sample.padding = sample_padding(node.attributes()).value();
  sample.align_corners = node.attributes().integer("align_corners", 0) != 0;
  node.run([=, from = from.buffer, grid = grid.buffer, to = to.buffer](const Run& run) {
    kernels::grid_sample(sample, run.at(from), run.at(grid), run.at(to));
  });
  return {};
}

Status infer_affine_grid(Inference& node) {
  const Result<std::vector<int64_t>> given = node.required_integers(1);
  if (!given.ok()) return given.status();
  const std::vector<int64_t>& size = given.value();
  const int spatial = static_cast<int>(size.size()) - 2;
  const Shape& theta = node.shape(0);
  if ((spatial != 2 && spatial != 3) || theta.rank() != 3 || theta[0] != size[0] ||
      theta[1] != spatial || theta[2] != spatial + 1 || node.dtype(0) != DType::kF32) {
    return error(Code::kWrongShape, "AffineGrid with ", dtype_name(node.dtype(0)),
                 " matrices of the shape ", theta, " and ", static_cast<int64_t>(size.size()),
                 " sizes");
  }
  std::vector<int64_t> dims = {size[0]};
  dims.insert(dims.end(), size.begin() + 2, size.end());
  dims.push_back(spatial);
  return set_shape(node, DType::kF32, dims);
}

Status lower_affine_grid(Lowering& node) {
  const View theta = node.input(0), to = node.output(0);
  const bool align_corners = node.attributes().integer("align_corners", 0) != 0;
  node.run([=](const Run& run) {
    kernels::affine_grid(to.shape.rank() - 2, to.shape[0], to.shape.begin() + 1, align_corners,
                         run.at(theta.buffer), run.at(to.buffer));
  });
  return {};
}

Status infer_reverse_sequence(Inference& node) {
  const Shape &from = node.shape(0), &lengths = node.shape(1);
  const int64_t time_axis = node.attributes().integer("time_axis", 0);
  const int64_t batch_axis = node.attributes().integer("batch_axis", 1);
  if (from.rank() < 2 || time_axis < 0 || time_axis > 1 || batch_axis != 1 - time_axis ||
      !(lengths == Shape{from[static_cast<int>(batch_axis)]}) || node.dtype(1) != DType::kI64) {
    return error(Code::kWrongShape, "ReverseSequence of the shape ", from, " with ",
                 dtype_name(node.dtype(1)), " lengths of the shape ", lengths, ", time axis ",
                 time_axis, ", batch axis ", batch_axis);
  }
  return infer_like_first(node);
}

Status lower_reverse_sequence(Lowering& node) {
  const View from = node.input(0), lengths = node.input(1), to = node.output(0);
  const auto time_axis = static_cast<int>(node.attributes().integer("time_axis", 0));
  const Extent steps = to.shape[time_axis], batch = to.shape[1 - time_axis];
  const Extent inner = to.shape.count(2, to.shape.rank());
  const auto row = static_cast<ptrdiff_t>(inner) * static_cast<ptrdiff_t>(byte_size(to.dtype));
  const ptrdiff_t time_step = (time_axis == 0 ? batch : 1) * row;
  const ptrdiff_t batch_step = (time_axis == 0 ? 1 : steps) * row;
  node.run([=, from = from.buffer, lengths = lengths.buffer, to = to.buffer](const Run& run) {
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
  return {};
}

}  // namespace heed

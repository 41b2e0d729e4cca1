// Concat and Split: a strided copy for each part.
#include <algorithm>

#include "graph/operators/arguments.h"
#include "kernels/copy.h"

namespace heed {

Status infer_concat(Inference& node) {
  if (!node.attributes().has("axis") && node.version() >= 4) {
    return error(Code::kInvalidGraph, "Concat needs the attribute axis");
  }
  const Shape& first = node.shape(0);
  const Result<int> axis = normalize_axis(node.attributes().integer("axis", 1), first.rank());
  if (!axis.ok()) return axis.status();
  int64_t total = 0;
  for (int input = 0; input < node.input_count(); ++input) {
    const Shape& shape = node.shape(input);
    bool fits = shape.rank() == first.rank();
    for (int other = 0; fits && other < shape.rank(); ++other) {
      fits = other == axis.value() || shape[other] == first[other];
    }
    if (!fits) {
      return error(Code::kWrongShape, "Concat along axis ", axis.value(), " of the shapes ", first,
                   " and ", shape);
    }
    if (node.dtype(input) != node.dtype(0)) {
      return error(Code::kWrongType, "Concat of ", dtype_name(node.dtype(0)), " and ",
                   dtype_name(node.dtype(input)));
    }
    total += shape[axis.value()];
  }
  int64_t dims[kMaxRank];
  std::copy(first.begin(), first.end(), dims);
  dims[axis.value()] = total;
  return set_shape(node, node.dtype(0), std::span(dims, static_cast<size_t>(first.rank())));
}

Status lower_concat(Lowering& node) {
  const View to = node.output(0);
  const int axis = normalize_axis(node.attributes().integer("axis", 1), to.shape.rank()).value();
  const auto size = static_cast<ptrdiff_t>(byte_size(to.dtype));
  ptrdiff_t offset = 0;
  for (int input = 0; input < node.input_count(); ++input) {
    const View from = node.input(input);
    if (from.shape.count() == 0) continue;
    const kernels::StridedCopy copy = kernels::make_copy(from.shape, from.strides, to.strides);
    node.run([=, from = from.buffer, to = to.buffer](const Run& run) {
      kernels::copy_strided(copy, run.at<std::byte>(from), run.at<std::byte>(to) + offset,
                            static_cast<size_t>(size));
    });
    offset += from.shape[axis] * to.strides[axis] * size;
  }
  return {};
}

namespace {

// The extents of Split's outputs along an axis of `extent`. `given` is what the node says of them;
// empty when it says nothing.
Result<std::vector<int64_t>> split_parts(const Node& node, int64_t extent,
                                         std::vector<int64_t> given) {
  const auto count = static_cast<int64_t>(node.outputs.size());
  if (given.empty()) {
    const int64_t wanted = node.attributes->integer("num_outputs", count);
    if (wanted != count) {
      return error(Code::kInvalidGraph, "Split has ", count, " outputs, but num_outputs is ",
                   wanted);
    }
    // From opset 18 on the last part may be smaller; before, all are equal.
    if (node.version < 18 && extent % count != 0) {
      return error(Code::kWrongShape, "Split of the extent ", extent, " into ", count,
                   " equal parts");
    }
    const int64_t part = (extent + count - 1) / count;
    for (int64_t rest = extent; count > static_cast<int64_t>(given.size()); rest -= part) {
      given.push_back(std::clamp<int64_t>(rest, 0, part));
    }
  }
  if (static_cast<int64_t>(given.size()) != count) {
    return error(Code::kInvalidGraph, "Split has ", count, " outputs, but ", given.size(),
                 " sizes");
  }
  int64_t rest = extent;
  for (int64_t part : given) {
    if (part < 0 || part > rest) {
      return error(Code::kWrongShape, "Split of the extent ", extent, ": a part of ", part,
                   " does not fit");
    }
    rest -= part;
  }
  if (rest == 0) return given;
  return error(Code::kWrongShape, "the parts of Split do not add up to the extent ", extent);
}

}  // namespace

Status infer_split(Inference& node) {
  const Shape& from = node.shape(0);
  const Result<int> axis = normalize_axis(node.attributes().integer("axis", 0), from.rank());
  if (!axis.ok()) return axis.status();
  Result<std::vector<int64_t>> given = integers_argument(node, 1, "split");
  if (!given.ok()) return given.status();
  const Result<std::vector<int64_t>> parts =
      split_parts(node.node(), from[axis.value()], std::move(given.value()));
  if (!parts.ok()) return parts.status();
  for (int output = 0; output < node.output_count(); ++output) {
    Shape shape = from;
    shape[axis.value()] = static_cast<Extent>(parts.value()[static_cast<size_t>(output)]);
    node.set(output, node.dtype(0), shape);
  }
  return {};
}

Status lower_split(Lowering& node) {
  const View from = node.input(0);
  const int axis = normalize_axis(node.attributes().integer("axis", 0), from.shape.rank()).value();
  const std::vector<int64_t> parts =
      split_parts(node.node(), from.shape[axis], integers_argument(node, 1, "split")).value();
  const size_t size = byte_size(from.dtype);
  ptrdiff_t first = 0;
  for (int output = 0; output < node.output_count(); ++output) {
    const ptrdiff_t offset = first * from.strides[axis] * static_cast<ptrdiff_t>(size);
    first += static_cast<ptrdiff_t>(parts[static_cast<size_t>(output)]);
    if (!node.wants(output)) continue;
    const View to = node.output(output);
    if (to.shape.count() == 0) continue;
    const kernels::StridedCopy copy = kernels::make_copy(to.shape, from.strides, to.strides);
    node.run([=, from = from.buffer, to = to.buffer](const Run& run) {
      kernels::copy_strided(copy, run.at<std::byte>(from) + offset, run.at<std::byte>(to), size);
    });
  }
  return {};
}

}  // namespace heed

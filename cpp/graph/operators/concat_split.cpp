// Concat and Split: a strided copy for each part.
#include <algorithm>

#include "graph/operators/copy_task.h"

namespace heed {

void infer_concat(Inference& node) {
  if (!node.has_attribute("axis") && node.version() >= 4) {
    node.fail(Code::kInvalidGraph, "it needs the attribute axis");
  }
  const Shape& first = node.shape(0);
  const int axis = node.axis(1, first.rank());
  int64_t total = 0;
  for (int input = 0; input < node.input_count(); ++input) {
    Shape shape = node.shape(input);
    total += shape[axis];
    shape[axis] = first[axis];
    if (!(shape == first)) {
      node.fail(Code::kWrongShape, "along axis % the shapes % and % do not fit", axis, first,
                node.shape(input));
    }
    node.expect_dtype(input, node.dtype(0));
  }
  Dims dims(first);
  dims.extents[axis] = total;
  node.set(0, node.dtype(0), dims);
}

void lower_concat(Lowering& node) {
  const View to = node.output(0);
  const int axis = node.axis(1, to.shape.rank());
  ptrdiff_t offset = 0;
  for (int input = 0; input < node.input_count(); ++input) {
    const View from = node.input(input);
    if (from.shape.count() == 0) continue;
    run_copy(node, kernels::make_copy(from.shape, from.strides, to.strides), {from.buffer},
             {to.buffer, offset}, byte_size(to.dtype));
    offset += from.shape[axis] * to.strides[axis];
  }
}

namespace {

// How Split divides an axis.
struct Division {
  int axis = 0;
  Integers given;    // the extents of the parts; empty when the node says nothing
  int64_t part = 0;  // then all have this one, the last perhaps less
  int64_t extent = 0;

  Extent operator[](int output) const {
    if (!given.empty()) return static_cast<Extent>(given[static_cast<size_t>(output)]);
    return static_cast<Extent>(std::clamp<int64_t>(extent - output * part, 0, part));
  }
};

bool read_division(NodeReader& node, Division& division) {
  const Shape& from = node.shape(0);
  division.axis = node.axis(0, from.rank());
  const int64_t extent = division.extent = from[division.axis];
  const int64_t count = node.output_count();
  const Integers given = division.given = node.list(1, "split");
  if (given.empty()) {
    const int64_t wanted = node.integer("num_outputs", count);
    // From opset 18 on the last part may be smaller; before, all are equal.
    if (wanted != count || (node.version() < 18 && extent % count != 0)) {
      node.fail(Code::kWrongShape, "the extent % is not split into % equal parts for % outputs",
                extent, wanted, count);
    }
    division.part = (extent + count - 1) / count;
    return node.ok();
  }
  int64_t rest = extent;
  for (size_t i = 0; i < given.size() && rest >= 0; ++i) {
    // A part beyond what is left is as wrong as one that is left over.
    rest = given[i] < 0 || given[i] > rest ? -1 : rest - given[i];
  }
  if (rest != 0 || static_cast<int64_t>(given.size()) != count) {
    node.fail(Code::kWrongShape, "its % parts for % outputs do not add up to the extent %",
              given.size(), count, extent);
  }
  return node.ok();
}

}  // namespace

void infer_split(Inference& node) {
  Division parts;
  if (!node.require_list(1) || !read_division(node, parts)) return;
  for (int output = 0; output < node.output_count(); ++output) {
    Shape shape = node.shape(0);
    shape[parts.axis] = parts[output];
    node.set(output, node.dtype(0), shape);
  }
}

void lower_split(Lowering& node) {
  const View from = node.input(0);
  Division parts;
  read_division(node, parts);
  ptrdiff_t first = 0;
  for (int output = 0; output < node.output_count(); ++output) {
    const ptrdiff_t offset = first * from.strides[parts.axis];
    first += parts[output];
    if (!node.wants(output)) continue;
    const View to = node.output(output);
    if (to.shape.count() == 0) continue;
    run_copy(node, kernels::make_copy(to.shape, from.strides, to.strides), {from.buffer, offset},
             {to.buffer}, byte_size(from.dtype));
  }
}

}  // namespace heed

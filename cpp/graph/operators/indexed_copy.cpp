#include "graph/operators/indexed_copy.h"

#include <algorithm>
#include <cstring>

#include "base/sort.h"
#include "kernels/indexed_copy.h"

namespace heed {

namespace {

using kernels::IndexedCopy;

// A table that is `lead` fill values, then `run` consecutive indices from `first`, then `tail` fill
// values.
struct RunForm {
  Extent lead = 0, run = 0, tail = 0, first = 0;
};

bool is_run(const Extent* table, Extent extent, RunForm& form) {
  Extent at = 0;
  while (at < extent && table[at] == IndexedCopy::kFill) ++at;
  if (at == extent) return false;
  form.lead = at;
  form.first = table[at];
  while (at < extent && table[at] == form.first + at - form.lead) ++at;
  form.run = at - form.lead;
  form.tail = extent - at;
  while (at < extent && table[at] == IndexedCopy::kFill) ++at;
  return at == extent;
}

}  // namespace

AxisTables::AxisTables(const Shape& to) {
  size_t size = 0;
  for (int axis = 0; axis < to.rank(); ++axis) {
    first_[axis] = size;
    size += static_cast<size_t>(to[axis]);
  }
  memory_.resize(size);
}

void run_indexed_copy(Lowering& node, const View& from, const View& to, const AxisTables& source,
                      Buffer fill) {
  if (to.shape.count() == 0) return;
  IndexedCopy copy;
  int axes[kMaxRank];
  int count = 0;
  for (int axis = 0; axis < to.shape.rank(); ++axis) {
    const Extent first = source[axis][0];
    if (to.shape[axis] == 1 && first != IndexedCopy::kFill) {
      copy.from += first * from.strides[axis];
    } else {
      axes[count++] = axis;
    }
  }
  insertion_sort(axes, axes + count, [&](int a, int b) { return to.strides[a] > to.strides[b]; });

  // What the kernel reads: offsets, of the axes that do not belong to the row.
  AxisTables tables(to.shape);
  Extent used = 0;
  const auto add_table = [&](int axis) {
    const Extent begin = used;
    for (Extent i = 0; i < to.shape[axis]; ++i) {
      const Extent index = source[axis][i];
      const bool filled = index == IndexedCopy::kFill;
      tables[0][used++] = filled ? IndexedCopy::kFill : index * from.strides[axis];
    }
    return begin;
  };

  // The row grows outwards while it is free of fill values and goes on in the source.
  copy.run = 1;
  int outer = count;
  while (outer > 0 && copy.lead == 0 && copy.tail == 0) {
    const int axis = axes[outer - 1];
    RunForm form;
    if (!is_run(source[axis], to.shape[axis], form)) break;
    if (form.run > 1 && from.strides[axis] != copy.run) break;
    copy.from += form.first * from.strides[axis];
    copy.lead = form.lead * copy.run;
    copy.tail = form.tail * copy.run;
    copy.run *= form.run;
    --outer;
  }
  if (outer == count && count > 0) {
    const int axis = axes[--outer];
    copy.run = 0;
    copy.inner_extent = to.shape[axis];
    copy.inner_table = add_table(axis);
  }
  copy.rank = outer;
  for (int at = 0; at < outer; ++at) {
    const int axis = axes[at];
    copy.axes[at] = {to.shape[axis], to.strides[axis], add_table(axis)};
  }

  const size_t bytes = static_cast<size_t>(used) * sizeof(Extent);
  const Buffer table = bytes == 0 ? kNoBuffer : node.table(bytes, [&](std::byte* memory) {
    std::memcpy(memory, tables[0], bytes);
  });
  const size_t size = byte_size(to.dtype);
  node.run([=, from = from.buffer, to = to.buffer](const Run& run) {
    kernels::copy_indexed(copy, run.at<Extent>(table), run.at<std::byte>(from),
                          run.at<std::byte>(to), run.at<std::byte>(fill), size);
  });
}

}  // namespace heed

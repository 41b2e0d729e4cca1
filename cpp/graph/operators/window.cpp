#include "graph/operators/window.h"

#include <algorithm>

namespace heed {

namespace {

constexpr int64_t kLimit = INT32_MAX;

// Reads a list of an integer of at least `least` for each spatial axis into the last entries of
// `values`, and what follows into `more`; leaves them alone when it is absent.
void read_list(NodeReader& node, const char* name, int rank, int64_t least, Extent (&values)[3],
               Extent (*more)[3] = nullptr) {
  const Integers list = node.integers(name);
  const int count = more ? 2 * rank : rank;
  if (list.empty()) return;
  if (list.size() != static_cast<size_t>(count)) {
    return node.fail(Code::kInvalidGraph, "% has % values, expected %", name, list.size(), count);
  }
  for (int i = 0; i < count; ++i) {
    const int64_t value = list[static_cast<size_t>(i)];
    if (value < least || value >= kLimit) {
      node.fail(Code::kInvalidGraph, "% has the value %", name, value);
    }
    (i < rank ? values : *more)[3 - rank + i % rank] = static_cast<Extent>(value);
  }
}

enum AutoPad { kNotSet, kValid, kSameUpper, kSameLower };

AutoPad read_auto_pad(NodeReader& node) {
  const int given = node.choice("auto_pad", "NOTSET|VALID|SAME_UPPER|SAME_LOWER|");
  return given == 4 ? kNotSet : static_cast<AutoPad>(given);
}

// Everything but padding and the output's extents. `weights` is null where the attribute
// kernel_shape says all.
bool read_window(NodeReader& node, const Shape* weights, Window& window) {
  const Shape& input = node.shape(0);
  const int rank = window.rank = input.rank() - 2;
  if (rank < 1 || rank > 3 || (weights && weights->rank() != rank + 2)) {
    node.fail(Code::kWrongShape,
              "expected one to three spatial axes, the same of input and kernel: the input is %",
              input);
    return false;
  }
  // What is absent stays 0 here; the extents of axes that do not exist are 1.
  const int first = 3 - rank;
  Extent given[3] = {};
  read_list(node, "kernel_shape", rank, 1, given);
  for (int axis = first; axis < 3; ++axis) {
    window.in[axis] = input[axis - first + 2];
    const Extent extent = weights ? (*weights)[axis - first + 2] : given[axis];
    if (extent < 1 || (given[axis] != 0 && given[axis] != extent)) {
      node.fail(Code::kInvalidGraph, "the kernel has the extent %, kernel_shape says %", extent,
                given[axis]);
    }
    window.kernel[axis] = extent;
  }
  read_list(node, "strides", rank, 1, window.stride);
  read_list(node, "dilations", rank, 1, window.dilation);
  return node.ok();
}

// Extent of the input that one output position sees.
int64_t reach(const Window& window, int axis) {
  return int64_t{window.dilation[axis]} * (window.kernel[axis] - 1) + 1;
}

// Divides the padding `total`; the larger half stands at the end, or (`lower`) at the beginning.
void set_padding(NodeReader& node, Window& window, int axis, int64_t total, bool lower) {
  total = std::max<int64_t>(total, 0);
  if (total >= kLimit) node.fail(Code::kWrongShape, "the padding of axis % is %", axis, total);
  const int64_t begin = lower ? total - total / 2 : total / 2;
  window.pad_begin[axis] = static_cast<Extent>(begin);
  window.pad_end[axis] = static_cast<Extent>(total - begin);
}

// Paddings and the output's extents.
bool resolve_padding(NodeReader& node, bool ceil, Window& window) {
  const AutoPad auto_pad = read_auto_pad(node);
  const bool same = auto_pad >= kSameUpper;
  if (auto_pad == kNotSet) {
    read_list(node, "pads", window.rank, 0, window.pad_begin, &window.pad_end);
  }
  for (int axis = 3 - window.rank; axis < 3 && node.ok(); ++axis) {
    const int64_t in = window.in[axis], stride = window.stride[axis], seen = reach(window, axis);
    if (same) {
      const int64_t out = (in + stride - 1) / stride;
      set_padding(node, window, axis, (out - 1) * stride + seen - in, auto_pad == kSameLower);
    }
    const int64_t begin = in + window.pad_begin[axis], padded = begin + window.pad_end[axis];
    if (padded >= kLimit || padded < seen) {
      node.fail(Code::kWrongShape,
                "a kernel that reaches over % positions does not fit an axis that has % with its "
                "padding",
                seen, padded);
      return false;
    }
    int64_t out = (padded - seen) / stride + 1;
    if (ceil && !same) {
      out = (padded - seen + stride - 1) / stride + 1;
      // A window that begins behind the input sees padding only: there is none.
      if ((out - 1) * stride >= begin) --out;
      if ((out - 1) * stride + seen > INT32_MAX) {
        node.fail(Code::kWrongShape, "the windows of axis % end beyond 2147483647", axis);
      }
    }
    window.out[axis] = static_cast<Extent>(out);
  }
  return node.ok();
}

}  // namespace

bool convolution_window(NodeReader& node, Window& window) {
  return read_window(node, &node.shape(1), window) && resolve_padding(node, false, window);
}

bool pooling_window(NodeReader& node, bool whole, Window& window) {
  if (!whole) {
    return read_window(node, nullptr, window) &&
           resolve_padding(node, node.flag("ceil_mode"), window);
  }
  window.rank = node.shape(0).rank() - 2;
  if (window.rank < 1 || window.rank > 3 || node.shape(0).count(2, window.rank + 2) == 0) {
    node.fail(Code::kWrongShape, "expected one to three spatial axes, the shape is %",
              node.shape(0));
    return false;
  }
  for (int i = 0; i < window.rank; ++i) {
    const int axis = 3 - window.rank + i;
    window.in[axis] = window.kernel[axis] = node.shape(0)[2 + i];
  }
  return true;
}

bool transposed_window(NodeReader& node, Window& window) {
  if (!read_window(node, &node.shape(1), window)) return false;
  const int rank = window.rank;
  const AutoPad auto_pad = read_auto_pad(node);
  const bool same = auto_pad >= kSameUpper;
  Extent added[3] = {0, 0, 0};
  read_list(node, "output_padding", rank, 0, added);
  // Some files give output_shape with the batch and channel extents in front.
  const Integers wanted = node.integers("output_shape");
  const int front = static_cast<int>(wanted.size()) - rank;
  if (!wanted.empty() && front != 0 && front != 2) {
    node.fail(Code::kInvalidGraph, "output_shape has % values for % spatial axes", wanted.size(),
              rank);
  }
  if (auto_pad == kNotSet && wanted.empty()) {
    read_list(node, "pads", rank, 0, window.pad_begin, &window.pad_end);
  }
  for (int axis = 3 - rank; axis < 3 && node.ok(); ++axis) {
    const int64_t in = window.in[axis], stride = window.stride[axis];
    const int64_t full = stride * (in - 1) + added[axis] + reach(window, axis);
    int64_t out = full - window.pad_begin[axis] - window.pad_end[axis];
    if (!wanted.empty() || same) {
      out = wanted.empty() ? in * stride : wanted[static_cast<size_t>(axis - 3 + rank + front)];
      if (out >= 0 && out < kLimit) {
        set_padding(node, window, axis, full - out, auto_pad != kSameUpper);
      }
    }
    // The second sum bounds what the kernel computes on the way.
    if (out < 0 || out >= kLimit || out + window.pad_begin[axis] + reach(window, axis) >= kLimit) {
      node.fail(Code::kWrongShape, "the output's extent is %", out);
    }
    window.out[axis] = static_cast<Extent>(out);
  }
  return node.ok();
}

Dims output_dims(const Window& window, Extent batch, int64_t channels) {
  Dims dims;
  dims.add(batch);
  dims.add(channels);
  for (int axis = 3 - window.rank; axis < 3; ++axis) dims.add(window.out[axis]);
  return dims;
}

int64_t checked_groups(NodeReader& node, bool transposed) {
  const Shape &x = node.shape(0), &w = node.shape(1);
  const int64_t groups = node.integer("group", 1);
  // The channels that the groups divide, and what one of them has.
  const Extent divided = transposed ? x[1] : w[0];
  if (groups >= 1 && groups <= INT32_MAX && divided % groups == 0 &&
      (transposed ? w[0] == x[1] : w[1] * groups == x[1])) {
    return groups;
  }
  node.fail(Code::kWrongShape,
            "weights of the shape % in % groups do not fit an input of the shape %", w, groups, x);
  return 0;
}

}  // namespace heed

#include "graph/operators/window.h"

#include <algorithm>

namespace heed {

namespace {

constexpr int64_t kLimit = INT32_MAX;

// Reads a list of `rank` integers of at least `least` into the last entries of `values`; leaves
// them alone when it is absent.
Status read_list(const Attributes& attributes, std::string_view name, int rank, int64_t least,
                 Extent (&values)[3]) {
  const std::span<const int64_t> list = attributes.integers(name);
  if (list.empty()) return {};
  if (list.size() != static_cast<size_t>(rank)) {
    return error(Code::kInvalidGraph, name, " has ", list.size(), " values for ", rank,
                 " spatial axes");
  }
  for (int i = 0; i < rank; ++i) {
    const int64_t value = list[static_cast<size_t>(i)];
    if (value < least || value >= kLimit) {
      return error(Code::kInvalidGraph, name, " has the value ", value);
    }
    values[3 - rank + i] = static_cast<Extent>(value);
  }
  return {};
}

Status read_pads(const Attributes& attributes, Window& window) {
  const std::span<const int64_t> pads = attributes.integers("pads");
  if (pads.empty()) return {};
  const auto rank = static_cast<size_t>(window.rank);
  if (pads.size() != 2 * rank) {
    return error(Code::kInvalidGraph, "pads has ", pads.size(), " values for ", window.rank,
                 " spatial axes");
  }
  for (size_t i = 0; i < 2 * rank; ++i) {
    if (pads[i] < 0 || pads[i] >= kLimit) {
      return error(Code::kInvalidGraph, "pads has the value ", pads[i]);
    }
    Extent* side = i < rank ? window.pad_begin : window.pad_end;
    side[3 - rank + i % rank] = static_cast<Extent>(pads[i]);
  }
  return {};
}

// Everything but the output's extents.
Result<Window> read_window(const Attributes& attributes, const Shape& input,
                           std::span<const Extent> kernel) {
  Window window;
  window.rank = input.rank() - 2;
  if (window.rank < 1 || window.rank > 3) {
    return error(Code::kWrongShape, "expected one to three spatial axes, the input's shape is ",
                 input);
  }
  if (kernel.size() != static_cast<size_t>(window.rank)) {
    return error(Code::kWrongShape, "the weights have ", kernel.size(),
                 " spatial axes, the input's shape is ", input);
  }
  HEED_TRY(read_list(attributes, "kernel_shape", window.rank, 1, window.kernel));
  const bool given = attributes.has("kernel_shape");
  for (int i = 0; i < window.rank; ++i) {
    const Extent extent = kernel[static_cast<size_t>(i)];
    Extent& entry = window.kernel[3 - window.rank + i];
    if (extent < 1) return error(Code::kWrongShape, "the kernel has the extent ", extent);
    if (given && entry != extent) {
      return error(Code::kInvalidGraph, "kernel_shape says ", entry, ", the weights have ", extent);
    }
    entry = extent;
    window.in[3 - window.rank + i] = input[2 + i];
  }
  HEED_TRY(read_list(attributes, "strides", window.rank, 1, window.stride));
  HEED_TRY(read_list(attributes, "dilations", window.rank, 1, window.dilation));
  return window;
}

enum class AutoPad { kNotSet, kValid, kSameUpper, kSameLower };

Result<AutoPad> read_auto_pad(const Attributes& attributes) {
  const std::string_view text = attributes.text("auto_pad", "NOTSET");
  if (text == "NOTSET" || text.empty()) return AutoPad::kNotSet;
  if (text == "VALID") return AutoPad::kValid;
  if (text == "SAME_UPPER") return AutoPad::kSameUpper;
  if (text == "SAME_LOWER") return AutoPad::kSameLower;
  return error(Code::kInvalidGraph, "auto_pad has the unknown value ", text);
}

// Extent of the input that one output position sees.
int64_t reach(const Window& window, int axis) {
  return int64_t{window.dilation[axis]} * (window.kernel[axis] - 1) + 1;
}

}  // namespace

Result<Window> convolution_window(const Attributes& attributes, const Shape& input,
                                  std::span<const Extent> kernel) {
  Result<Window> read = read_window(attributes, input, kernel);
  if (!read.ok()) return read;
  Window& window = read.value();
  const Result<AutoPad> auto_pad = read_auto_pad(attributes);
  if (!auto_pad.ok()) return auto_pad.status();
  if (auto_pad.value() == AutoPad::kNotSet) HEED_TRY(read_pads(attributes, window));
  for (int axis = 3 - window.rank; axis < 3; ++axis) {
    const int64_t in = window.in[axis], stride = window.stride[axis];
    if (auto_pad.value() == AutoPad::kSameUpper || auto_pad.value() == AutoPad::kSameLower) {
      const int64_t out = (in + stride - 1) / stride;
      const int64_t total = std::max<int64_t>((out - 1) * stride + reach(window, axis) - in, 0);
      if (total >= kLimit)
        return error(Code::kWrongShape, "the padding of axis ", axis, " is ", total);
      const int64_t less = total / 2;
      const int64_t begin = auto_pad.value() == AutoPad::kSameUpper ? less : total - less;
      window.pad_begin[axis] = static_cast<Extent>(begin);
      window.pad_end[axis] = static_cast<Extent>(total - begin);
    }
    const int64_t padded = in + window.pad_begin[axis] + window.pad_end[axis];
    if (padded >= kLimit || padded < reach(window, axis)) {
      return error(Code::kWrongShape, "a kernel that reaches over ", reach(window, axis),
                   " positions does not fit an axis that has ", padded, " with its padding");
    }
    window.out[axis] = static_cast<Extent>((padded - reach(window, axis)) / stride + 1);
  }
  return read;
}

Result<Window> transposed_window(const Attributes& attributes, const Shape& input,
                                 std::span<const Extent> kernel) {
  Result<Window> read = read_window(attributes, input, kernel);
  if (!read.ok()) return read;
  Window& window = read.value();
  const Result<AutoPad> auto_pad = read_auto_pad(attributes);
  if (!auto_pad.ok()) return auto_pad.status();
  Extent added[3] = {0, 0, 0};
  HEED_TRY(read_list(attributes, "output_padding", window.rank, 0, added));
  // Some files give output_shape with the batch and channel extents in front.
  std::span<const int64_t> wanted = attributes.integers("output_shape");
  if (wanted.size() == static_cast<size_t>(window.rank) + 2) wanted = wanted.subspan(2);
  if (!wanted.empty() && wanted.size() != static_cast<size_t>(window.rank)) {
    return error(Code::kInvalidGraph, "output_shape has ", wanted.size(), " values for ",
                 window.rank, " spatial axes");
  }
  const bool upper = auto_pad.value() == AutoPad::kSameUpper;
  const bool same = upper || auto_pad.value() == AutoPad::kSameLower;
  if (auto_pad.value() == AutoPad::kNotSet && wanted.empty())
    HEED_TRY(read_pads(attributes, window));
  for (int axis = 3 - window.rank; axis < 3; ++axis) {
    const int64_t in = window.in[axis], stride = window.stride[axis];
    const int64_t full = stride * (in - 1) + added[axis] + reach(window, axis);
    int64_t out = full - window.pad_begin[axis] - window.pad_end[axis];
    if (!wanted.empty() || same) {
      out = wanted.empty() ? in * stride : wanted[static_cast<size_t>(axis - 3 + window.rank)];
      if (out < 0 || out >= kLimit) return error(Code::kWrongShape, "the output's extent is ", out);
      const int64_t total = std::max<int64_t>(full - out, 0);
      if (total >= kLimit)
        return error(Code::kWrongShape, "the padding of axis ", axis, " is ", total);
      const int64_t less = total / 2;
      window.pad_begin[axis] = static_cast<Extent>(upper ? less : total - less);
      window.pad_end[axis] = static_cast<Extent>(upper ? total - less : less);
    }
    // The second sum bounds what the kernel computes on the way.
    if (out < 0 || out + window.pad_begin[axis] + reach(window, axis) >= kLimit) {
      return error(Code::kWrongShape, "the output's extent is ", out);
    }
    window.out[axis] = static_cast<Extent>(out);
  }
  return read;
}

}  // namespace heed

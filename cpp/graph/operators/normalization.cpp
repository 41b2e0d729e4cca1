// Normalisations whose statistics belong to channels: batch, instance and group norm become one
// scale and one shift for each channel. And LpNormalization and MeanVarianceNormalization, over
// axes of their own.
#include <algorithm>

#include "graph/operators/arguments.h"
#include "graph/operators/elementwise_loop.h"
#include "kernels/elementwise_binary.h"
#include "kernels/norm.h"
#include "kernels/reduce.h"

namespace heed {

namespace {

Status check_float(const Inference& node, int count) {
  for (int input = 0; input < count; ++input) {
    if (node.has(input) && node.dtype(input) != DType::kF32) {
      return error(Code::kUnsupportedType, node.node().op->name, " of ",
                   dtype_name(node.dtype(input)));
    }
  }
  return {};
}

// x is (N, C, ...), and inputs 1..last hold `expected` numbers.
Status check_channels(const Inference& node, int last, Extent expected) {
  HEED_TRY(check_float(node, last + 1));
  for (int input = 1; input <= last; ++input) {
    if (!node.has(input)) return error(Code::kInvalidGraph, "input ", input, " is missing");
    if (node.shape(input).rank() != 1 || node.shape(input)[0] != expected) {
      return error(Code::kWrongShape, "input ", input, " has the shape ", node.shape(input),
                   ", expected ", Shape{expected});
    }
  }
  return {};
}

Status check_rank(const Inference& node) {
  if (node.shape(0).rank() >= 2) return {};
  return error(Code::kWrongShape, "expected a tensor (N, C, ...), the shape is ", node.shape(0));
}

size_t float_bytes(Extent count) { return static_cast<size_t>(count) * sizeof(float); }

// y = x * scale + shift, where scale and shift lie at `steps`.
void run_scale_shift(Lowering& node, const Strides& steps, Buffer scale, Buffer shift) {
  const View x = node.input(0), y = node.output(0);
  const Strides operands[] = {y.strides, x.strides, steps};
  const kernels::Loop loop = kernels::make_periodic_loop(y.shape, operands);
  node.run([=, y = y.buffer, x = x.buffer, activation = node.activation()](const Run& run) {
    kernels::scale_shift(loop, activation, run.at<float>(y), run.at<float>(x), run.at<float>(scale),
                         run.at<float>(shift));
  });
}

// Mean and variance of x over `axes`, the results lying at `steps`.
void run_moments(Lowering& node, AxisSet axes, const Strides& steps, Buffer mean, Buffer variance) {
  const View x = node.input(0);
  const kernels::Reduction reduction = kernels::make_reduction(x.shape, axes, x.strides, steps);
  node.run([=, x = x.buffer](const Run& run) {
    kernels::moments(reduction, run.at<float>(mean), run.at<float>(variance), run.at<float>(x));
  });
}

AxisSet spatial_axes(const Shape& shape) {
  return ((AxisSet{1} << shape.rank()) - 1) & ~AxisSet{3};
}

}  // namespace

// BatchNormalization(x, scale, offset, mean, variance) -> y, and in training mode running mean and
// variance.
Status infer_batch_norm(Inference& node) {
  HEED_TRY(check_first_output(node));
  HEED_TRY(check_rank(node));
  HEED_TRY(check_channels(node, 4, node.shape(0)[1]));
  if (node.version() < 9 && node.attributes().integer("spatial", 1) != 1) {
    return error(Code::kUnsupportedOperator, "BatchNormalization with spatial = 0");
  }
  const bool training = node.version() >= 14 && node.attributes().integer("training_mode", 0) != 0;
  for (int output = 1; output < node.output_count(); ++output) {
    if (node.node().output(static_cast<size_t>(output)) == kNoTensor) continue;
    if (!training || output > 2) {
      return error(Code::kUnsupportedOperator, "BatchNormalization with output ", output,
                   " outside training mode");
    }
    node.set(output, DType::kF32, Shape{node.shape(0)[1]});
  }
  return infer_like_first(node);
}

Status lower_batch_norm(Lowering& node) {
  const Shape& shape = node.input(0).shape;
  const Extent channels = shape[1];
  const float epsilon = node.attributes().real("epsilon", 1e-5f);
  const float momentum = node.attributes().real("momentum", 0.9f);
  const Buffer gain = node.input(1).buffer, offset = node.input(2).buffer;
  Buffer mean = node.input(3).buffer, variance = node.input(4).buffer;
  const Buffer scale = node.scratch(float_bytes(channels));
  const Buffer shift = node.scratch(float_bytes(channels));
  Strides steps;
  steps[1] = 1;
  if (node.version() >= 14 && node.attributes().integer("training_mode", 0) != 0) {
    const Buffer running[2] = {mean, variance};
    const Buffer batch[2] = {mean = node.scratch(float_bytes(channels)),
                             variance = node.scratch(float_bytes(channels))};
    run_moments(node, spatial_axes(shape) | AxisSet{1}, steps, mean, variance);
    for (int i = 0; i < 2; ++i) {
      if (!node.wants(1 + i)) continue;
      node.run(
          [=, from = running[i], now = batch[i], to = node.output(1 + i).buffer](const Run& run) {
            for (Extent c = 0; c < channels; ++c) {
              run.at<float>(to)[c] =
                  run.at<float>(from)[c] * momentum + run.at<float>(now)[c] * (1 - momentum);
            }
          });
    }
  }
  node.run([=](const Run& run) {
    kernels::norm_coefficients(channels, epsilon, run.at<float>(gain), run.at<float>(offset),
                               run.at<float>(mean), run.at<float>(variance), run.at<float>(scale),
                               run.at<float>(shift));
  });
  run_scale_shift(node, steps, scale, shift);
  return {};
}

namespace {

// The number of groups that share statistics: each channel is one for InstanceNormalization.
int64_t groups_of(const Node& node, Extent channels) {
  if (node.op->name == "InstanceNormalization") return std::max<Extent>(channels, 1);
  return node.attributes->integer("num_groups", 0);
}

}  // namespace

// InstanceNormalization and GroupNormalization(x, scale, offset); before operator set 21 the latter
// has one scale for each group, since then for each channel.
Status infer_group_norm(Inference& node) {
  HEED_TRY(check_rank(node));
  const Extent channels = node.shape(0)[1];
  const int64_t groups = groups_of(node.node(), channels);
  if (groups < 1 || groups > std::max<Extent>(channels, 1) || channels % groups != 0) {
    return error(Code::kInvalidGraph, channels, " channels in ", groups, " groups");
  }
  const bool by_group = node.node().op->name == "GroupNormalization" && node.version() < 21;
  HEED_TRY(check_channels(node, 2, by_group ? static_cast<Extent>(groups) : channels));
  return infer_like_first(node);
}

Status lower_group_norm(Lowering& node) {
  const Shape& shape = node.input(0).shape;
  const Extent batches = shape[0], channels = shape[1];
  const auto groups = static_cast<Extent>(groups_of(node.node(), channels));
  const Extent group_size = channels / groups;
  const bool by_group = node.node().op->name == "GroupNormalization" && node.version() < 21;
  const float epsilon = node.attributes().real("epsilon", 1e-5f);
  const Buffer gain = node.input(1).buffer, offset = node.input(2).buffer;
  const Buffer mean = node.scratch(float_bytes(batches * channels));
  const Buffer variance = node.scratch(float_bytes(batches * channels));
  Strides steps;
  steps[0] = channels;
  steps[1] = 1;
  run_moments(node, spatial_axes(shape), steps, mean, variance);
  node.run([=](const Run& run) {
    float* means = run.at<float>(mean);
    float* variances = run.at<float>(variance);
    if (group_size > 1) {
      kernels::merge_moments(batches, channels, groups, means, variances);
    }
    // Runs of channels that use neighbouring gains, or (by group) the same one.
    const Extent run_length = by_group ? 1 : channels;
    for (Extent i = 0; i < batches * channels; i += run_length) {
      const Extent of = by_group ? i % channels / group_size : 0;
      kernels::norm_coefficients(run_length, epsilon, run.at<float>(gain) + of,
                                 run.at<float>(offset) + of, means + i, variances + i,
                                 variances + i, means + i);
    }
  });
  run_scale_shift(node, steps, variance, mean);
  return {};
}

// (x - mean) / (standard deviation + 1e-9) over `axes`.
Status infer_mean_variance_norm(Inference& node) {
  HEED_TRY(check_float(node, 1));
  const auto axes = node.attributes().integers("axes");
  constexpr int64_t kDefault[] = {0, 2, 3};
  const Result<AxisSet> set = axis_set(axes.empty() ? std::span<const int64_t>(kDefault) : axes,
                                       node.shape(0).rank(), nullptr);
  if (!set.ok()) return set.status();
  return infer_like_first(node);
}

Status lower_mean_variance_norm(Lowering& node) {
  const Shape& shape = node.input(0).shape;
  const auto given = node.attributes().integers("axes");
  constexpr int64_t kDefault[] = {0, 2, 3};
  const AxisSet axes =
      axis_set(given.empty() ? std::span<const int64_t>(kDefault) : given, shape.rank(), nullptr)
          .value();
  Shape kept = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (contains(axes, axis)) kept[axis] = 1;
  }
  const View statistics = {DType::kF32, kept, strides_of(kept), Layout::kRowMajor, kNoBuffer};
  const Strides steps = broadcast_strides(statistics, shape);
  const Buffer mean = node.scratch(float_bytes(kept.count()));
  const Buffer variance = node.scratch(float_bytes(kept.count()));
  run_moments(node, axes, steps, mean, variance);
  node.run([=, count = kept.count()](const Run& run) {
    // ONNX adds 1e-9 to the deviation; to the variance it is too little to be seen in what is not
    // constant.
    kernels::norm_coefficients(count, 1e-18f, nullptr, nullptr, run.at<float>(mean),
                               run.at<float>(variance), run.at<float>(variance),
                               run.at<float>(mean));
  });
  run_scale_shift(node, steps, variance, mean);
  return {};
}

// x divided by its norm along an axis; where that is 0, the result is.
Status infer_lp_norm(Inference& node) {
  HEED_TRY(check_float(node, 1));
  const Result<int> axis =
      normalize_axis(node.attributes().integer("axis", -1), node.shape(0).rank());
  if (!axis.ok()) return axis.status();
  const int64_t p = node.attributes().integer("p", 2);
  if (p != 1 && p != 2) return error(Code::kInvalidGraph, "LpNormalization with p = ", p);
  return infer_like_first(node);
}

Status lower_lp_norm(Lowering& node) {
  using kernels::ReduceKind;
  const View x = node.input(0), y = node.output(0);
  const int axis = normalize_axis(node.attributes().integer("axis", -1), x.shape.rank()).value();
  const ReduceKind kind =
      node.attributes().integer("p", 2) == 1 ? ReduceKind::kL1 : ReduceKind::kL2;
  View norm = {DType::kF32, x.shape, {}, Layout::kRowMajor, kNoBuffer};
  norm.shape[axis] = 1;
  norm.strides = strides_of(norm.shape);
  norm.buffer = node.scratch(float_bytes(norm.shape.count()));
  const kernels::Reduction reduction = kernels::make_reduction(
      x.shape, AxisSet{1} << axis, x.strides, broadcast_strides(norm, x.shape));
  const kernels::Loop loop = periodic_loop(y, {x, norm});
  node.run([=, count = norm.shape.count(), y = y.buffer, x = x.buffer,
            norm = norm.buffer](const Run& run) {
    float* norms = run.at<float>(norm);
    kernels::reduce(kind, DType::kF32, reduction, norms, run.at<float>(x));
    std::replace(norms, norms + count, 0.0f, 1.0f);
    kernels::binary(kernels::BinaryKind::kDiv, DType::kF32, loop, run.at<float>(y),
                    run.at<float>(x), norms);
  });
  return {};
}

}  // namespace heed

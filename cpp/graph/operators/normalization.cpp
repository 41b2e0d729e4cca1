// Normalisations whose statistics belong to channels: batch, instance and group norm become one
// scale and one shift for each channel. And LpNormalization and MeanVarianceNormalization, over
// axes of their own.
#include <algorithm>

#include "graph/operator.h"
#include "graph/operators/elementwise_loop.h"
#include "kernels/elementwise_binary.h"
#include "kernels/norm.h"
#include "kernels/reduce.h"

namespace heed {

namespace {

// x is (N, C, ...), and inputs 1..last hold `expected` numbers.
void check_channels(Inference& node, int last, Extent expected) {
  node.expect_floats(last + 1);
  if (node.shape(0).rank() < 2) {
    node.fail(Code::kWrongShape, "expected a tensor (N, C, ...), the shape is %", node.shape(0));
  }
  for (int input = 1; input <= last; ++input) {
    if (!node.has(input)) node.fail(Code::kInvalidGraph, "input % is missing", input);
    node.expect_shape(input, Shape{expected});
  }
}

// y = x * scale + shift, where scale and shift lie at `steps`.
void run_scale_shift(Lowering& node, const Strides& steps, Buffer scale, Buffer shift) {
  const View x = node.input(0), y = node.output(0);
  const Strides operands[] = {y.strides, x.strides, steps};
  const kernels::Loop loop = kernels::make_periodic_loop(y.shape, operands);
  node.run([=, y = y.buffer, x = x.buffer, activation = node.activation()](const Run& run) {
    kernels::scale_shift(loop, activation, run.at(y), run.at(x), run.at(scale), run.at(shift));
  });
}

// Mean and variance of x over `axes`, the results lying at `steps`.
void run_moments(Lowering& node, AxisSet axes, const Strides& steps, Buffer mean, Buffer variance) {
  const View x = node.input(0);
  const kernels::Reduction reduction = kernels::make_reduction(x.shape, axes, x.strides, steps);
  node.run([=, x = x.buffer](const Run& run) {
    kernels::moments(reduction, run.at(mean), run.at(variance), run.at(x));
  });
}

AxisSet spatial_axes(const Shape& shape) {
  return ((AxisSet{1} << shape.rank()) - 1) & ~AxisSet{3};
}

bool is_training(const NodeReader& node) {
  return node.version() >= 14 && node.flag("training_mode");
}

}  // namespace

// BatchNormalization(x, scale, offset, mean, variance) -> y, and in training mode running mean and
// variance.
void infer_batch_norm(Inference& node) {
  node.expect_first_output();
  const Extent channels = node.shape(0)[1];
  check_channels(node, 4, channels);
  if (node.version() < 9 && !node.flag("spatial", true)) {
    node.fail(Code::kUnsupportedOperator, "spatial = 0 is not supported");
  }
  for (int output = 1; output < node.output_count(); ++output) {
    if (!node.wants(output)) continue;
    if (!is_training(node) || output > 2) {
      node.fail(Code::kUnsupportedOperator, "output % is not supported outside training mode",
                output);
    }
    node.set(output, DType::kF32, Shape{channels});
  }
  node.set_like_first();
}

void lower_batch_norm(Lowering& node) {
  const Shape& shape = node.shape(0);
  const Extent channels = shape[1];
  const float epsilon = node.real("epsilon", 1e-5f);
  const Buffer gain = node.input_buffer(1), offset = node.input_buffer(2);
  // Mean and variance.
  Buffer statistics[2] = {node.input_buffer(3), node.input_buffer(4)};
  const Buffer scale = node.scratch(channels), shift = node.scratch(channels);
  Strides steps;
  steps[1] = 1;
  if (is_training(node)) {
    const Buffer running[2] = {statistics[0], statistics[1]};
    for (Buffer& buffer : statistics) buffer = node.scratch(channels);
    run_moments(node, spatial_axes(shape) | AxisSet{1}, steps, statistics[0], statistics[1]);
    for (int i = 0; i < 2; ++i) {
      if (!node.wants(1 + i)) continue;
      node.run([=, momentum = node.real("momentum", 0.9f), from = running[i], now = statistics[i],
                to = node.output_buffer(1 + i)](const Run& run) {
        const float *old_values = run.at(from), *new_values = run.at(now);
        float* mixed = run.at(to);
        for (Extent c = 0; c < channels; ++c) {
          mixed[c] = old_values[c] * momentum + new_values[c] * (1 - momentum);
        }
      });
    }
  }
  node.run([=, mean = statistics[0], variance = statistics[1]](const Run& run) {
    kernels::norm_coefficients(channels, epsilon, run.at(gain), run.at(offset), run.at(mean),
                               run.at(variance), run.at(scale), run.at(shift));
  });
  run_scale_shift(node, steps, scale, shift);
}

namespace {

// The number of groups that share statistics: each channel is one for InstanceNormalization.
int64_t groups_of(const NodeReader& node) {
  if (node.id() == OperatorId::kGroupNormalization) return node.integer("num_groups", 0);
  return std::max<Extent>(node.shape(0)[1], 1);
}

// Whether GroupNormalization has one gain for each group.
bool gains_by_group(const NodeReader& node) {
  return node.id() == OperatorId::kGroupNormalization && node.version() < 21;
}

}  // namespace

// InstanceNormalization and GroupNormalization(x, scale, offset); before operator set 21 the latter
// has one scale for each group, since then for each channel.
void infer_group_norm(Inference& node) {
  const Extent channels = node.shape(0)[1];
  const int64_t groups = groups_of(node);
  if (groups < 1 || groups > std::max<Extent>(channels, 1) || channels % groups != 0) {
    return node.fail(Code::kInvalidGraph, "% channels in % groups", channels, groups);
  }
  check_channels(node, 2, gains_by_group(node) ? static_cast<Extent>(groups) : channels);
  node.set_like_first();
}

void lower_group_norm(Lowering& node) {
  const Shape& shape = node.shape(0);
  const Extent batches = shape[0], channels = shape[1];
  const auto groups = static_cast<Extent>(groups_of(node));
  const Extent group_size = channels / groups;
  const bool by_group = gains_by_group(node);
  const float epsilon = node.real("epsilon", 1e-5f);
  const Buffer gain = node.input_buffer(1), offset = node.input_buffer(2);
  const Buffer mean = node.scratch(int64_t{batches} * channels);
  const Buffer variance = node.scratch(int64_t{batches} * channels);
  Strides steps;
  steps[0] = channels;
  steps[1] = 1;
  run_moments(node, spatial_axes(shape), steps, mean, variance);
  node.run([=](const Run& run) {
    float *means = run.at(mean), *variances = run.at(variance);
    if (group_size > 1) {
      kernels::merge_moments(batches, channels, groups, means, variances);
    }
    // Runs of channels that use neighbouring gains, or (by group) the same one.
    const Extent run_length = by_group ? 1 : channels;
    for (Extent i = 0; i < batches * channels; i += run_length) {
      const Extent of = by_group ? i % channels / group_size : 0;
      kernels::norm_coefficients(run_length, epsilon, run.at(gain) + of, run.at(offset) + of,
                                 means + i, variances + i, variances + i, means + i);
    }
  });
  run_scale_shift(node, steps, variance, mean);
}

namespace {

// The axes of MeanVarianceNormalization.
AxisSet moment_axes(NodeReader& node) {
  static constexpr int64_t kDefault[] = {0, 2, 3};
  const Integers given = node.integers("axes");
  AxisSet set;
  node.axes(given.empty() ? Integers(kDefault) : given, node.shape(0).rank(), set);
  return set;
}

}  // namespace

// (x - mean) / (standard deviation + 1e-9) over `axes`.
void infer_mean_variance_norm(Inference& node) {
  node.expect_floats(1);
  moment_axes(node);
  node.set_like_first();
}

void lower_mean_variance_norm(Lowering& node) {
  const Shape& shape = node.shape(0);
  const AxisSet axes = moment_axes(node);
  Shape kept = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (contains(axes, axis)) kept[axis] = 1;
  }
  const View statistics = {DType::kF32, kept, strides_of(kept), Layout::kRowMajor, kNoBuffer};
  const Strides steps = broadcast_strides(statistics, shape);
  const Extent count = kept.count();
  const Buffer mean = node.scratch(count), variance = node.scratch(count);
  run_moments(node, axes, steps, mean, variance);
  node.run([=](const Run& run) {
    // ONNX adds 1e-9 to the deviation; to the variance it is too little to be seen in what is not
    // constant.
    float *means = run.at(mean), *variances = run.at(variance);
    kernels::norm_coefficients(count, 1e-18f, nullptr, nullptr, means, variances, variances, means);
  });
  run_scale_shift(node, steps, variance, mean);
}

// x divided by its norm along an axis; where that is 0, the result is.
void infer_lp_norm(Inference& node) {
  node.expect_floats(1);
  node.axis(-1, node.shape(0).rank());
  const int64_t p = node.integer("p", 2);
  if (p != 1 && p != 2) node.fail(Code::kInvalidGraph, "p is %, expected 1 or 2", p);
  node.set_like_first();
}

void lower_lp_norm(Lowering& node) {
  using kernels::ReduceKind;
  const View x = node.input(0), y = node.output(0);
  const int axis = node.axis(-1, x.shape.rank());
  const ReduceKind kind = node.integer("p", 2) == 1 ? ReduceKind::kL1 : ReduceKind::kL2;
  View norm = {DType::kF32, x.shape, {}, Layout::kRowMajor, kNoBuffer};
  norm.shape[axis] = 1;
  norm.strides = strides_of(norm.shape);
  norm.buffer = node.scratch(norm.shape.count());
  const kernels::Reduction reduction = kernels::make_reduction(
      x.shape, AxisSet{1} << axis, x.strides, broadcast_strides(norm, x.shape));
  const kernels::Loop loop = periodic_loop(y, {&x, &norm});
  node.run([=, count = norm.shape.count(), y = y.buffer, x = x.buffer,
            norm = norm.buffer](const Run& run) {
    float* norms = run.at(norm);
    kernels::reduce(kind, DType::kF32, reduction, norms, run.at(x));
    std::replace(norms, norms + count, 0.0f, 1.0f);
    kernels::binary(kernels::BinaryKind::kDiv, DType::kF32, loop, run.at(y), run.at(x), norms);
  });
}

}  // namespace heed

// Operators that are a function of one element: of floats, and where ONNX has them, of integers and
// bools.
#include <cmath>
#include <limits>

#include "graph/operator.h"
#include "graph/operators/elementwise_loop.h"
#include "kernels/elementwise_integer.h"
#include "kernels/elementwise_unary.h"

namespace heed {

namespace {

using kernels::IntegerKind;
using kernels::UnaryFunction;
using kernels::UnaryKind;
using enum OperatorId;

struct FloatOperator {
  OperatorId id;
  UnaryKind kind;
};

constexpr FloatOperator kFloatOperators[] = {
    {kRelu, UnaryKind::kRelu},
    {kLeakyRelu, UnaryKind::kLeakyRelu},
    {kSigmoid, UnaryKind::kSigmoid},
    {kHardSigmoid, UnaryKind::kHardSigmoid},
    {kHardSwish, UnaryKind::kHardSwish},
    {kTanh, UnaryKind::kTanh},
    {kGelu, UnaryKind::kGelu},
    {kElu, UnaryKind::kElu},
    {kSelu, UnaryKind::kElu},
    {kCelu, UnaryKind::kCelu},
    {kSoftplus, UnaryKind::kSoftplus},
    {kMish, UnaryKind::kMish},
    {kThresholdedRelu, UnaryKind::kThresholdedRelu},
    {kSoftsign, UnaryKind::kSoftsign},
    {kErf, UnaryKind::kErf},
    {kExp, UnaryKind::kExp},
    {kLog, UnaryKind::kLog},
    {kSqrt, UnaryKind::kSqrt},
    {kReciprocal, UnaryKind::kReciprocal},
    {kNeg, UnaryKind::kNeg},
    {kAbs, UnaryKind::kAbs},
    {kFloor, UnaryKind::kFloor},
    {kCeil, UnaryKind::kCeil},
    {kRound, UnaryKind::kRound},
    {kSign, UnaryKind::kSign},
    {kSin, UnaryKind::kSin},
    {kCos, UnaryKind::kCos},
};

// What ONNX gives where the attributes alpha and beta are absent.
float default_alpha(OperatorId id) {
  return id == kLeakyRelu ? 0.01f : id == kHardSigmoid ? 0.2f : id == kSelu ? 1.67326319f : 1.0f;
}

struct IntegerOperator {
  OperatorId id;
  IntegerKind kind;
};

constexpr IntegerOperator kIntegerOperators[] = {
    {kRelu, IntegerKind::kRelu}, {kNeg, IntegerKind::kNeg}, {kAbs, IntegerKind::kAbs},
    {kSign, IntegerKind::kSign}, {kNot, IntegerKind::kNot}, {kBitwiseNot, IntegerKind::kBitwiseNot},
};

const IntegerOperator* integer_operator(OperatorId id) {
  for (const IntegerOperator& op : kIntegerOperators) {
    if (op.id == id) return &op;
  }
  return nullptr;
}

UnaryFunction float_function(Lowering& node) {
  const OperatorId id = node.id();
  UnaryFunction function;  // of Activate, which is its node's activation: a copy
  for (const FloatOperator& op : kFloatOperators) {
    if (op.id != id) continue;
    function.kind = op.kind;
    function.alpha = node.real("alpha", default_alpha(id));
    function.beta = node.real("beta", 0.5f);  // of HardSigmoid alone
  }
  if (id == kSelu) function.scale = node.real("gamma", 1.05070102f);
  if (id == kGelu && node.choice("approximate", "none|tanh") == 1) {
    function.kind = UnaryKind::kGeluTanh;
  }
  return function;
}

}  // namespace

void infer_unary(Inference& node) {
  const DType dtype = node.dtype(0);
  const OperatorId id = node.id();
  const bool of_bool = id == kNot;
  if (dtype == DType::kF32 ? of_bool || id == kBitwiseNot
                           : !integer_operator(id) || of_bool != (dtype == DType::kBool)) {
    node.unsupported_type(0);
  }
  node.set_like_first();
}

void lower_unary(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const kernels::Loop loop = elementwise_loop(y, {&x});
  if (x.dtype == DType::kF32) {
    const UnaryFunction function = float_function(node);
    node.run([=, y = y.buffer, x = x.buffer, activation = node.activation()](const Run& run) {
      kernels::unary(function, activation, loop, run.at(y), run.at(x));
    });
  } else {
    const IntegerKind kind = integer_operator(node.id())->kind;
    node.run([=, y = y.buffer, x = x.buffer, dtype = x.dtype](const Run& run) {
      kernels::integer_unary(kind, 0, 0, dtype, loop, run.at<std::byte>(y), run.at<std::byte>(x));
    });
  }
}

void infer_float_class(Inference& node) {
  node.expect_floats(1);
  node.set(0, DType::kBool, node.shape(0));
}

void lower_float_class(Lowering& node) {
  using enum kernels::FloatClass;
  const View x = node.input(0), y = node.output(0);
  const bool positive = node.flag("detect_positive", true);
  const bool negative = node.flag("detect_negative", true);
  const kernels::FloatClass wanted = node.id() == kIsNaN    ? kNan
                                     : positive && negative ? kInfinite
                                     : positive             ? kPositiveInfinite
                                     : negative             ? kNegativeInfinite
                                                            : kNothing;
  const kernels::Loop loop = elementwise_loop(y, {&x});
  node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::classify(wanted, loop, run.at<uint8_t>(y), run.at(x));
  });
}

// Bounds are attributes before operator set 11, optional inputs since.
void infer_clip(Inference& node) {
  for (int bound = 1; bound <= 2; ++bound) {
    node.expect_dtype(bound, node.dtype(0));
    node.expect_one(bound);
  }
  if (node.dtype(0) == DType::kBool) node.unsupported_type(0);
  node.set_like_first();
}

void lower_clip(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const Buffer low = node.input_buffer(1), high = node.input_buffer(2);
  const kernels::Loop loop = elementwise_loop(y, {&x});
  if (x.dtype == DType::kF32) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const float least = node.real("min", -kInfinity), most = node.real("max", kInfinity);
    node.run([=, y = y.buffer, x = x.buffer, activation = node.activation()](const Run& run) {
      const float *at_low = run.at(low), *at_high = run.at(high);
      const UnaryFunction clip = {UnaryKind::kClip, at_low ? *at_low : least,
                                  at_high ? *at_high : most};
      kernels::unary(clip, activation, loop, run.at(y), run.at(x));
    });
    return;
  }
  node.run([=, y = y.buffer, x = x.buffer, dtype = x.dtype](const Run& run) {
    int64_t bounds[2] = {INT64_MIN, INT64_MAX};
    for (int i = 0; i < 2; ++i) {
      const auto* bound = run.at<std::byte>(i == 0 ? low : high);
      if (bound) kernels::load_integers(dtype, bound, 1, 1, &bounds[i]);
    }
    kernels::integer_unary(IntegerKind::kClip, bounds[0], bounds[1], dtype, loop,
                           run.at<std::byte>(y), run.at<std::byte>(x));
  });
}

}  // namespace heed

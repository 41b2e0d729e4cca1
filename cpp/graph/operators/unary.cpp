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

struct FloatOperator {
  std::string_view name;
  UnaryKind kind;
  float alpha = 0;  // what ONNX gives when the attribute is absent
  float beta = 0;
};

constexpr FloatOperator kFloatOperators[] = {
    {"Relu", UnaryKind::kRelu},
    {"LeakyRelu", UnaryKind::kLeakyRelu, 0.01f},
    {"Sigmoid", UnaryKind::kSigmoid},
    {"HardSigmoid", UnaryKind::kHardSigmoid, 0.2f, 0.5f},
    {"HardSwish", UnaryKind::kHardSwish},
    {"Tanh", UnaryKind::kTanh},
    {"Gelu", UnaryKind::kGelu},
    {"Elu", UnaryKind::kElu, 1.0f},
    {"Selu", UnaryKind::kElu, 1.67326319f},
    {"Celu", UnaryKind::kCelu, 1.0f},
    {"Softplus", UnaryKind::kSoftplus},
    {"Mish", UnaryKind::kMish},
    {"ThresholdedRelu", UnaryKind::kThresholdedRelu, 1.0f},
    {"Softsign", UnaryKind::kSoftsign},
    {"Erf", UnaryKind::kErf},
    {"Exp", UnaryKind::kExp},
    {"Log", UnaryKind::kLog},
    {"Sqrt", UnaryKind::kSqrt},
    {"Reciprocal", UnaryKind::kReciprocal},
    {"Neg", UnaryKind::kNeg},
    {"Abs", UnaryKind::kAbs},
    {"Floor", UnaryKind::kFloor},
    {"Ceil", UnaryKind::kCeil},
    {"Round", UnaryKind::kRound},
    {"Sign", UnaryKind::kSign},
    {"Sin", UnaryKind::kSin},
    {"Cos", UnaryKind::kCos},
};

struct IntegerOperator {
  std::string_view name;
  IntegerKind kind;
};

constexpr IntegerOperator kIntegerOperators[] = {
    {"Relu", IntegerKind::kRelu}, {"Neg", IntegerKind::kNeg},
    {"Abs", IntegerKind::kAbs},   {"Sign", IntegerKind::kSign},
    {"Not", IntegerKind::kNot},   {"BitwiseNot", IntegerKind::kBitwiseNot},
};

const IntegerOperator* integer_operator(std::string_view name) {
  for (const IntegerOperator& op : kIntegerOperators) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

UnaryFunction float_function(const Lowering& node) {
  const std::string_view name = node.node().op->name;
  const Attributes& attributes = node.attributes();
  UnaryFunction function;  // of Activate, which is its node's activation: a copy
  for (const FloatOperator& op : kFloatOperators) {
    if (op.name != name) continue;
    function.kind = op.kind;
    function.alpha = attributes.real("alpha", op.alpha);
    function.beta = attributes.real("beta", op.beta);
  }
  if (name == "Selu") function.scale = attributes.real("gamma", 1.05070102f);
  if (name == "Gelu" && attributes.text("approximate", "none") == "tanh") {
    function.kind = UnaryKind::kGeluTanh;
  }
  return function;
}

Status unsupported_type(const Inference& node) {
  return error(Code::kUnsupportedType, node.node().op->name, " of ", dtype_name(node.dtype(0)));
}

}  // namespace

Status infer_unary(Inference& node) {
  const DType dtype = node.dtype(0);
  const std::string_view name = node.node().op->name;
  const bool of_bool = name == "Not";
  if (dtype == DType::kF32 ? of_bool || name == "BitwiseNot"
                           : !integer_operator(name) || of_bool != (dtype == DType::kBool)) {
    return unsupported_type(node);
  }
  return infer_like_first(node);
}

Status lower_unary(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const kernels::Loop loop = elementwise_loop(y, {x});
  if (x.dtype == DType::kF32) {
    const UnaryFunction function = float_function(node);
    node.run([=, y = y.buffer, x = x.buffer, activation = node.activation()](const Run& run) {
      kernels::unary(function, activation, loop, run.at<float>(y), run.at<float>(x));
    });
  } else {
    const IntegerKind kind = integer_operator(node.node().op->name)->kind;
    node.run([=, y = y.buffer, x = x.buffer, dtype = x.dtype](const Run& run) {
      kernels::integer_unary(kind, 0, 0, dtype, loop, run.at<std::byte>(y), run.at<std::byte>(x));
    });
  }
  return {};
}

Status infer_float_class(Inference& node) {
  if (node.dtype(0) != DType::kF32) return unsupported_type(node);
  node.set(0, DType::kBool, node.shape(0));
  return {};
}

Status lower_float_class(Lowering& node) {
  using kernels::FloatClass;
  const View x = node.input(0), y = node.output(0);
  const bool positive = node.attributes().integer("detect_positive", 1) != 0;
  const bool negative = node.attributes().integer("detect_negative", 1) != 0;
  FloatClass wanted = FloatClass::kNan;
  if (node.node().op->name == "IsInf") {
    if (positive && negative) {
      wanted = FloatClass::kInfinite;
    } else {
      wanted = positive   ? FloatClass::kPositiveInfinite
               : negative ? FloatClass::kNegativeInfinite
                          : FloatClass::kNothing;
    }
  }
  const kernels::Loop loop = elementwise_loop(y, {x});
  node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
    kernels::classify(wanted, loop, run.at<uint8_t>(y), run.at<float>(x));
  });
  return {};
}

// Bounds are attributes before operator set 11, optional inputs since.
Status infer_clip(Inference& node) {
  for (int bound = 1; bound <= 2; ++bound) {
    if (!node.has(bound)) continue;
    if (node.dtype(bound) != node.dtype(0) || node.shape(bound).count() != 1) {
      return error(Code::kWrongShape, "Clip's bounds must be single numbers of its input's type");
    }
  }
  if (node.dtype(0) == DType::kBool) return unsupported_type(node);
  return infer_like_first(node);
}

Status lower_clip(Lowering& node) {
  const View x = node.input(0), y = node.output(0);
  const Buffer low = node.has(1) ? node.input(1).buffer : kNoBuffer;
  const Buffer high = node.has(2) ? node.input(2).buffer : kNoBuffer;
  const kernels::Loop loop = elementwise_loop(y, {x});
  const kernels::Activation activation = node.activation();
  if (x.dtype == DType::kF32) {
    const float low_default =
        node.attributes().real("min", -std::numeric_limits<float>::infinity());
    const float high_default =
        node.attributes().real("max", std::numeric_limits<float>::infinity());
    node.run([=, y = y.buffer, x = x.buffer](const Run& run) {
      const UnaryFunction clip = {UnaryKind::kClip,
                                  low == kNoBuffer ? low_default : *run.at<float>(low),
                                  high == kNoBuffer ? high_default : *run.at<float>(high)};
      kernels::unary(clip, activation, loop, run.at<float>(y), run.at<float>(x));
    });
  } else {
    node.run([=, y = y.buffer, x = x.buffer, dtype = x.dtype](const Run& run) {
      int64_t bounds[2] = {INT64_MIN, INT64_MAX};
      if (low != kNoBuffer) {
        kernels::load_integers(dtype, run.at<std::byte>(low), 1, 1, &bounds[0]);
      }
      if (high != kNoBuffer) {
        kernels::load_integers(dtype, run.at<std::byte>(high), 1, 1, &bounds[1]);
      }
      kernels::integer_unary(IntegerKind::kClip, bounds[0], bounds[1], dtype, loop,
                             run.at<std::byte>(y), run.at<std::byte>(x));
    });
  }
  return {};
}

}  // namespace heed

// Operators that are a function of two elements, with ONNX's broadcasting; Min, Max, Sum and Mean
// of any number of tensors; and Where.
#include "graph/operator.h"
#include "graph/operators/elementwise_loop.h"
#include "kernels/elementwise_binary.h"
#include "kernels/elementwise_unary.h"

namespace heed {

namespace {

using kernels::BinaryKind;

// The element types that an operator takes.
enum class Types : uint8_t { kNumbers, kAll, kFloat, kBool, kIntegers };

struct BinaryOperator {
  OperatorId id;
  BinaryKind kind;
  Types types;
};

constexpr BinaryOperator kOperators[] = {
    {OperatorId::kAdd, BinaryKind::kAdd, Types::kNumbers},
    {OperatorId::kSub, BinaryKind::kSub, Types::kNumbers},
    {OperatorId::kMul, BinaryKind::kMul, Types::kNumbers},
    {OperatorId::kDiv, BinaryKind::kDiv, Types::kNumbers},
    {OperatorId::kMod, BinaryKind::kModulo, Types::kNumbers},
    {OperatorId::kPRelu, BinaryKind::kPRelu, Types::kNumbers},
    {OperatorId::kPow, BinaryKind::kPow, Types::kNumbers},
    {OperatorId::kMin, BinaryKind::kMin, Types::kNumbers},
    {OperatorId::kMax, BinaryKind::kMax, Types::kNumbers},
    {OperatorId::kSum, BinaryKind::kAdd, Types::kFloat},
    {OperatorId::kMean, BinaryKind::kAdd, Types::kFloat},
    {OperatorId::kEqual, BinaryKind::kEqual, Types::kAll},
    {OperatorId::kGreater, BinaryKind::kGreater, Types::kNumbers},
    {OperatorId::kGreaterOrEqual, BinaryKind::kGreaterOrEqual, Types::kNumbers},
    {OperatorId::kLess, BinaryKind::kLess, Types::kNumbers},
    {OperatorId::kLessOrEqual, BinaryKind::kLessOrEqual, Types::kNumbers},
    {OperatorId::kAnd, BinaryKind::kAnd, Types::kBool},
    {OperatorId::kOr, BinaryKind::kOr, Types::kBool},
    {OperatorId::kXor, BinaryKind::kXor, Types::kBool},
    {OperatorId::kBitwiseAnd, BinaryKind::kAnd, Types::kIntegers},
    {OperatorId::kBitwiseOr, BinaryKind::kOr, Types::kIntegers},
    {OperatorId::kBitwiseXor, BinaryKind::kXor, Types::kIntegers},
    {OperatorId::kBitShift, BinaryKind::kShiftLeft, Types::kIntegers},
};

const BinaryOperator& operator_of(const NodeReader& node) {
  const BinaryOperator* op = kOperators;
  while (op->id != node.id()) ++op;
  return *op;
}

BinaryKind kind_of(NodeReader& node) {
  const BinaryKind kind = operator_of(node).kind;
  if (kind == BinaryKind::kModulo && node.flag("fmod")) return BinaryKind::kRemainder;
  if (kind == BinaryKind::kShiftLeft && node.choice("direction", "LEFT|RIGHT") == 1) {
    return BinaryKind::kShiftRight;
  }
  return kind;
}

bool takes(Types types, DType dtype) {
  switch (types) {
    case Types::kAll:
      return true;
    case Types::kNumbers:
      return dtype != DType::kBool;
    case Types::kFloat:
      return dtype == DType::kF32;
    case Types::kBool:
      return dtype == DType::kBool;
    case Types::kIntegers:
      return dtype != DType::kBool && dtype != DType::kF32;
  }
  return false;
}

// All inputs have the type of the first, which the operator takes.
void check_types(Inference& node, int count) {
  if (!takes(operator_of(node).types, node.dtype(0))) node.unsupported_type(0);
  for (int input = 1; input < count; ++input) {
    if (!node.has(input)) node.fail(Code::kInvalidGraph, "input % is missing", input);
    node.expect_dtype(input, node.dtype(0));
  }
}

kernels::Loop binary_loop(const View& y, const View& a, const View& b) {
  return a.dtype == DType::kF32 ? periodic_loop(y, {&a, &b}) : elementwise_loop(y, {&a, &b});
}

void run_binary(Lowering& node, BinaryKind kind, const View& y, const View& a, const View& b,
                const kernels::Activation& activation) {
  const kernels::Loop loop = binary_loop(y, a, b);
  node.run([=, dtype = a.dtype, y = y.buffer, a = a.buffer, b = b.buffer](const Run& run) {
    kernels::binary(kind, dtype, loop, run.at<std::byte>(y), run.at<std::byte>(a),
                    run.at<std::byte>(b), activation);
  });
}

}  // namespace

void infer_binary(Inference& node) {
  check_types(node, 2);
  node.set_broadcast(kernels::is_comparison(kind_of(node)) ? DType::kBool : node.dtype(0));
}

void lower_binary(Lowering& node) {
  run_binary(node, kind_of(node), node.output(0), node.input(0), node.input(1), node.activation());
}

// The slope broadcasts to the input, not the other way round.
void infer_prelu(Inference& node) {
  infer_binary(node);
  node.expect_broadcast(node.shape(1), node.shape(0));
}
void lower_prelu(Lowering& node) { lower_binary(node); }

// The exponent may have a type of its own.
void infer_pow(Inference& node) {
  check_types(node, 1);
  if (node.dtype(1) == DType::kBool) node.unsupported_type(1);
  node.set_broadcast(node.dtype(0));
}

void lower_pow(Lowering& node) {
  const View a = node.input(0), b = node.input(1), y = node.output(0);
  if (a.dtype == b.dtype) return lower_binary(node);
  const kernels::Loop loop = elementwise_loop(y, {&a, &b});
  node.run([=, base = a.dtype, exponent = b.dtype, y = y.buffer, a = a.buffer,
            b = b.buffer](const Run& run) {
    kernels::power(base, exponent, loop, run.at<std::byte>(y), run.at<std::byte>(a),
                   run.at<std::byte>(b));
  });
}

void infer_variadic(Inference& node) {
  check_types(node, node.input_count());
  node.set_broadcast(node.dtype(0));
}

// y = a + b, then y = y + c, ...; Mean divides with the last sum.
void lower_variadic(Lowering& node) {
  const View y = node.output(0);
  const int count = node.input_count();
  kernels::Activation mean;
  if (node.id() == OperatorId::kMean) mean.scale = 1.0f / static_cast<float>(count);
  View sum = node.input(0);
  // The greater of a tensor and itself is a copy.
  if (count == 1) return run_binary(node, BinaryKind::kMax, y, sum, sum, {});
  for (int input = 1; input < count; ++input) {
    run_binary(node, kind_of(node), y, sum, node.input(input),
               input == count - 1 ? mean : kernels::Activation{});
    sum = y;
  }
}

void infer_where(Inference& node) {
  node.expect_dtype(0, DType::kBool);
  node.expect_dtype(2, node.dtype(1));
  node.set_broadcast(node.dtype(1));
}

void lower_where(Lowering& node) {
  const View condition = node.input(0), a = node.input(1), b = node.input(2), y = node.output(0);
  const kernels::Loop loop = elementwise_loop(y, {&condition, &a, &b});
  node.run([=, size = byte_size(y.dtype), y = y.buffer, condition = condition.buffer, a = a.buffer,
            b = b.buffer](const Run& run) {
    kernels::choose(size, loop, run.at<std::byte>(y), run.at<uint8_t>(condition),
                    run.at<std::byte>(a), run.at<std::byte>(b));
  });
}

}  // namespace heed

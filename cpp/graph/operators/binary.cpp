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
  std::string_view name;
  BinaryKind kind;
  Types types;
};

constexpr BinaryOperator kOperators[] = {
    {"Add", BinaryKind::kAdd, Types::kNumbers},
    {"Sub", BinaryKind::kSub, Types::kNumbers},
    {"Mul", BinaryKind::kMul, Types::kNumbers},
    {"Div", BinaryKind::kDiv, Types::kNumbers},
    {"Mod", BinaryKind::kModulo, Types::kNumbers},
    {"PRelu", BinaryKind::kPRelu, Types::kNumbers},
    {"Pow", BinaryKind::kPow, Types::kNumbers},
    {"Min", BinaryKind::kMin, Types::kNumbers},
    {"Max", BinaryKind::kMax, Types::kNumbers},
    {"Sum", BinaryKind::kAdd, Types::kFloat},
    {"Mean", BinaryKind::kAdd, Types::kFloat},
    {"Equal", BinaryKind::kEqual, Types::kAll},
    {"Greater", BinaryKind::kGreater, Types::kNumbers},
    {"GreaterOrEqual", BinaryKind::kGreaterOrEqual, Types::kNumbers},
    {"Less", BinaryKind::kLess, Types::kNumbers},
    {"LessOrEqual", BinaryKind::kLessOrEqual, Types::kNumbers},
    {"And", BinaryKind::kAnd, Types::kBool},
    {"Or", BinaryKind::kOr, Types::kBool},
    {"Xor", BinaryKind::kXor, Types::kBool},
    {"BitwiseAnd", BinaryKind::kAnd, Types::kIntegers},
    {"BitwiseOr", BinaryKind::kOr, Types::kIntegers},
    {"BitwiseXor", BinaryKind::kXor, Types::kIntegers},
    {"BitShift", BinaryKind::kShiftLeft, Types::kIntegers},
};

const BinaryOperator& operator_of(const Node& node) {
  for (const BinaryOperator& op : kOperators) {
    if (op.name == node.op->name) return op;
  }
  return kOperators[0];
}

BinaryKind kind_of(const Node& node) {
  const BinaryKind kind = operator_of(node).kind;
  if (kind == BinaryKind::kModulo && node.attributes->integer("fmod", 0) != 0) {
    return BinaryKind::kRemainder;
  }
  if (kind == BinaryKind::kShiftLeft && node.attributes->text("direction", "") == "RIGHT") {
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

Status check_types(const Inference& node, int count) {
  if (!takes(operator_of(node.node()).types, node.dtype(0))) {
    return error(Code::kUnsupportedType, node.node().op->name, " of ", dtype_name(node.dtype(0)));
  }
  for (int input = 1; input < count; ++input) {
    if (!node.has(input)) return error(Code::kInvalidGraph, "input ", input, " is missing");
    if (node.dtype(input) != node.dtype(0)) {
      return error(Code::kWrongType, "inputs of ", dtype_name(node.dtype(0)), " and ",
                   dtype_name(node.dtype(input)));
    }
  }
  return {};
}

kernels::Loop binary_loop(const View& y, const View& a, const View& b) {
  return a.dtype == DType::kF32 ? periodic_loop(y, {a, b}) : elementwise_loop(y, {a, b});
}

}  // namespace

Status infer_binary(Inference& node) {
  HEED_TRY(check_types(node, 2));
  return kernels::is_comparison(kind_of(node.node())) ? infer_comparison(node)
                                                      : infer_broadcast(node);
}

Status lower_binary(Lowering& node) {
  const View a = node.input(0), b = node.input(1), y = node.output(0);
  const kernels::Loop loop = binary_loop(y, a, b);
  const BinaryKind kind = kind_of(node.node());
  node.run([=, dtype = a.dtype, y = y.buffer, a = a.buffer, b = b.buffer,
            activation = node.activation()](const Run& run) {
    kernels::binary(kind, dtype, loop, run.at<std::byte>(y), run.at<std::byte>(a),
                    run.at<std::byte>(b), activation);
  });
  return {};
}

// The slope broadcasts to the input, not the other way round.
Status infer_prelu(Inference& node) {
  HEED_TRY(infer_binary(node));
  const Result<Shape> shape = broadcast(node.shape(0), node.shape(1));
  if (shape.ok() && !(shape.value() == node.shape(0))) {
    return error(Code::kWrongShape, "PRelu's slope ", node.shape(1), " does not broadcast to ",
                 node.shape(0));
  }
  return {};
}
Status lower_prelu(Lowering& node) { return lower_binary(node); }

// The exponent may have a type of its own.
Status infer_pow(Inference& node) {
  HEED_TRY(check_types(node, 1));
  if (!takes(Types::kNumbers, node.dtype(1))) {
    return error(Code::kUnsupportedType, "Pow with an exponent of ", dtype_name(node.dtype(1)));
  }
  return infer_broadcast(node);
}

Status lower_pow(Lowering& node) {
  const View a = node.input(0), b = node.input(1), y = node.output(0);
  if (a.dtype == b.dtype) return lower_binary(node);
  const kernels::Loop loop = elementwise_loop(y, {a, b});
  node.run([=, base = a.dtype, exponent = b.dtype, y = y.buffer, a = a.buffer,
            b = b.buffer](const Run& run) {
    kernels::power(base, exponent, loop, run.at<std::byte>(y), run.at<std::byte>(a),
                   run.at<std::byte>(b));
  });
  return {};
}

Status infer_variadic(Inference& node) {
  HEED_TRY(check_types(node, node.input_count()));
  return infer_broadcast(node);
}

// y = a + b, then y = y + c, ...; Mean divides with the last sum.
Status lower_variadic(Lowering& node) {
  const View y = node.output(0);
  const DType dtype = y.dtype;
  const int count = node.input_count();
  const BinaryKind kind = kind_of(node.node());
  kernels::Activation mean;
  if (node.node().op->name == "Mean") mean.scale = 1.0f / static_cast<float>(count);

  View sum = node.input(0);
  if (count == 1) {
    const kernels::Loop loop = binary_loop(y, sum, sum);
    // The greater of a tensor and itself is a copy.
    node.run([=, y = y.buffer, x = sum.buffer](const Run& run) {
      kernels::binary(BinaryKind::kMax, dtype, loop, run.at<std::byte>(y), run.at<std::byte>(x),
                      run.at<std::byte>(x));
    });
    return {};
  }
  for (int input = 1; input < count; ++input) {
    const View next = node.input(input);
    const kernels::Loop loop = binary_loop(y, sum, next);
    const kernels::Activation then = input == count - 1 ? mean : kernels::Activation{};
    node.run([=, y = y.buffer, a = sum.buffer, b = next.buffer](const Run& run) {
      kernels::binary(kind, dtype, loop, run.at<std::byte>(y), run.at<std::byte>(a),
                      run.at<std::byte>(b), then);
    });
    sum = y;
  }
  return {};
}

Status infer_where(Inference& node) {
  if (node.dtype(0) != DType::kBool) {
    return error(Code::kWrongType, "Where's condition is ", dtype_name(node.dtype(0)),
                 ", it must be bool");
  }
  if (node.dtype(1) != node.dtype(2)) {
    return error(Code::kWrongType, "Where chooses between ", dtype_name(node.dtype(1)), " and ",
                 dtype_name(node.dtype(2)));
  }
  Result<Shape> shape = broadcast(node.shape(0), node.shape(1));
  if (shape.ok()) shape = broadcast(shape.value(), node.shape(2));
  if (!shape.ok()) return shape.status();
  node.set(0, node.dtype(1), shape.value());
  return {};
}

Status lower_where(Lowering& node) {
  const View condition = node.input(0), a = node.input(1), b = node.input(2), y = node.output(0);
  const kernels::Loop loop = elementwise_loop(y, {condition, a, b});
  node.run([=, size = byte_size(y.dtype), y = y.buffer, condition = condition.buffer, a = a.buffer,
            b = b.buffer](const Run& run) {
    kernels::choose(size, loop, run.at<std::byte>(y), run.at<uint8_t>(condition),
                    run.at<std::byte>(a), run.at<std::byte>(b));
  });
  return {};
}

}  // namespace heed

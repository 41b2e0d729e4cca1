#include "kernels/elementwise_integer.h"

#include <cmath>

namespace heed::kernels {

namespace {

template <class T>
void widen(const void* from, Extent step, Extent count, int64_t* row) {
  const T* elements = static_cast<const T*>(from);
  for (Extent i = 0; i < count; ++i) row[i] = static_cast<int64_t>(elements[i * step]);
}

template <class T>
void narrow(void* to, Extent step, Extent count, const int64_t* row) {
  T* elements = static_cast<T*>(to);
  for (Extent i = 0; i < count; ++i) elements[i * step] = static_cast<T>(row[i]);
}

int64_t wrapping(uint64_t value) { return static_cast<int64_t>(value); }

int64_t divide(int64_t a, int64_t b) {
  if (b == 0) return 0;
  return b == -1 ? wrapping(0 - static_cast<uint64_t>(a)) : a / b;
}

int64_t remainder(int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }

int64_t modulo(int64_t a, int64_t b) {
  const int64_t r = remainder(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

int64_t power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    return base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  }
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= square;
    square *= square;
  }
  return wrapping(result);
}

int64_t shift_right(int64_t a, int64_t b) { return b < 0 || b > 63 ? 0 : a >> b; }
int64_t shift_left(int64_t a, int64_t b) {
  return b < 0 || b > 63 ? 0 : wrapping(static_cast<uint64_t>(a) << b);
}

int64_t apply(BinaryKind kind, int64_t a, int64_t b) {
  const uint64_t ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (kind) {
    case BinaryKind::kAdd:
      return wrapping(ua + ub);
    case BinaryKind::kSub:
      return wrapping(ua - ub);
    case BinaryKind::kMul:
      return wrapping(ua * ub);
    case BinaryKind::kDiv:
      return divide(a, b);
    case BinaryKind::kMin:
      return a < b ? a : b;
    case BinaryKind::kMax:
      return a > b ? a : b;
    case BinaryKind::kPow:
      return power(a, b);
    case BinaryKind::kModulo:
      return modulo(a, b);
    case BinaryKind::kRemainder:
      return remainder(a, b);
    case BinaryKind::kPRelu:
      return a < 0 ? wrapping(ua * ub) : a;
    case BinaryKind::kEqual:
      return a == b;
    case BinaryKind::kGreater:
      return a > b;
    case BinaryKind::kGreaterOrEqual:
      return a >= b;
    case BinaryKind::kLess:
      return a < b;
    case BinaryKind::kLessOrEqual:
      return a <= b;
    case BinaryKind::kAnd:
      return a & b;
    case BinaryKind::kOr:
      return a | b;
    case BinaryKind::kXor:
      return a ^ b;
    case BinaryKind::kShiftLeft:
      return shift_left(a, b);
    case BinaryKind::kShiftRight:
      return shift_right(a, b);
  }
  return 0;
}

int64_t apply(IntegerKind kind, int64_t low, int64_t high, int64_t x) {
  switch (kind) {
    case IntegerKind::kCopy:
      return x;
    case IntegerKind::kNeg:
      return wrapping(0 - static_cast<uint64_t>(x));
    case IntegerKind::kAbs:
      return x < 0 ? wrapping(0 - static_cast<uint64_t>(x)) : x;
    case IntegerKind::kSign:
      return (x > 0) - (x < 0);
    case IntegerKind::kRelu:
      return x > 0 ? x : 0;
    case IntegerKind::kNot:
      return x == 0;
    case IntegerKind::kBitwiseNot:
      return ~x;
    case IntegerKind::kClip: {
      const int64_t raised = x < low ? low : x;
      return raised > high ? high : raised;
    }
  }
  return 0;
}

}  // namespace

void load_integers(DType dtype, const void* from, Extent step, Extent count, int64_t* row) {
  switch (dtype) {
    case DType::kI64:
      return widen<int64_t>(from, step, count, row);
    case DType::kI32:
      return widen<int32_t>(from, step, count, row);
    case DType::kI8:
      return widen<int8_t>(from, step, count, row);
    default:
      return widen<uint8_t>(from, step, count, row);  // bools are 0 or 1
  }
}

void store_integers(DType dtype, void* to, Extent step, Extent count, const int64_t* row) {
  switch (dtype) {
    case DType::kI64:
      return narrow<int64_t>(to, step, count, row);
    case DType::kI32:
      return narrow<int32_t>(to, step, count, row);
    default:
      return narrow<uint8_t>(to, step, count, row);  // int8 differs in its reading only
  }
}

void integer_unary(IntegerKind kind, int64_t low, int64_t high, DType dtype, const Loop& loop,
                   void* y, const void* x) {
  for_each_row(loop, [&](const Extent* at, Extent count) {
    int64_t row[kMaxRow];
    load_integers(dtype, element(x, dtype, at[1]), loop.row_steps[1], count, row);
    for (Extent i = 0; i < count; ++i) row[i] = apply(kind, low, high, row[i]);
    store_integers(dtype, element(y, dtype, at[0]), loop.row_steps[0], count, row);
  });
}

void integer_row(BinaryKind kind, int64_t* a, const int64_t* b, Extent count) {
  for (Extent i = 0; i < count; ++i) a[i] = apply(kind, a[i], b[i]);
}

}  // namespace heed::kernels

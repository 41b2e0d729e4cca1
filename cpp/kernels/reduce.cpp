#include "kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/elementwise_integer.h"
#include "kernels/row.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

namespace {

// What is accumulated: combine(accumulator, value(x, m)), where m is what a first pass found: the
// maximum before kSumExp, the mean before kSumCentred.
enum class Accumulation : uint8_t {
  kSum,
  kSumAbs,
  kSumSquares,
  kSumExp,
  kSumCentred,
  kMax,
  kMin,
  kProduct
};

struct Sum {
  static constexpr float kStart = 0;
  static f32x4 value(f32x4 x, f32x4) { return x; }
  static f32x4 combine(f32x4 a, f32x4 b) { return a + b; }
  // A block's result into that of the blocks before it.
  static double merge(double total, float block) { return total + static_cast<double>(block); }
};
struct SumAbs : Sum {
  static f32x4 value(f32x4 x, f32x4) { return abs(x); }
};
struct SumSquares : Sum {
  static f32x4 value(f32x4 x, f32x4) { return x * x; }
};
struct SumExp : Sum {
  static f32x4 value(f32x4 x, f32x4 m) { return exp(x - m); }
};
struct SumCentred : Sum {
  static f32x4 value(f32x4 x, f32x4 m) { return (x - m) * (x - m); }
};
struct Max {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  static f32x4 value(f32x4 x, f32x4) { return x; }
  static f32x4 combine(f32x4 a, f32x4 b) { return maximum(a, b); }
  static double merge(double total, float block) {
    return std::isnan(total) || static_cast<double>(block) <= total ? total : block;
  }
};
struct Min {
  static constexpr float kStart = std::numeric_limits<float>::infinity();
  static f32x4 value(f32x4 x, f32x4) { return x; }
  static f32x4 combine(f32x4 a, f32x4 b) { return minimum(a, b); }
  static double merge(double total, float block) {
    return std::isnan(total) || static_cast<double>(block) >= total ? total : block;
  }
};
struct Product {
  static constexpr float kStart = 1;
  static f32x4 value(f32x4 x, f32x4) { return x; }
  static f32x4 combine(f32x4 a, f32x4 b) { return a * b; }
  static double merge(double total, float block) { return total * static_cast<double>(block); }
};

// Calls body with the accumulation's type.
template <class F>
void dispatch(Accumulation accumulation, F body) {
  switch (accumulation) {
    case Accumulation::kSum:
      return body(Sum{});
    case Accumulation::kSumAbs:
      return body(SumAbs{});
    case Accumulation::kSumSquares:
      return body(SumSquares{});
    case Accumulation::kSumExp:
      return body(SumExp{});
    case Accumulation::kSumCentred:
      return body(SumCentred{});
    case Accumulation::kMax:
      return body(Max{});
    case Accumulation::kMin:
      return body(Min{});
    case Accumulation::kProduct:
      return body(Product{});
  }
}

// The lanes of four accumulators and a rest of up to three elements, as one.
template <class A>
float accumulate_row(const float* x, Extent count, float first_pass) {
  const f32x4 m = splat(first_pass);
  f32x4 a0 = splat(A::kStart), a1 = a0, a2 = a0, a3 = a0;
  Extent i = 0;
  for (; i + 16 <= count; i += 16) {
    a0 = A::combine(a0, A::value(load(x + i), m));
    a1 = A::combine(a1, A::value(load(x + i + 4), m));
    a2 = A::combine(a2, A::value(load(x + i + 8), m));
    a3 = A::combine(a3, A::value(load(x + i + 12), m));
  }
  for (; i + 4 <= count; i += 4) a0 = A::combine(a0, A::value(load(x + i), m));
  f32x4 all = A::combine(A::combine(a0, a1), A::combine(a2, a3));
  for (; i < count; ++i) {
    // Three lanes that do not count.
    const f32x4 one = A::value(splat(x[i]), m);
    all = A::combine(all, select(make_i32(-1, 0, 0, 0), one, splat(A::kStart)));
  }
  all = A::combine(all, shuffle<2, 3, 0, 1>(all, all));
  return lane<0>(A::combine(all, shuffle<1, 0, 3, 2>(all, all)));
}

// total[j] = combine(total[j], x[0, j], ..., x[rows - 1, j]), four rows at a time.
template <class A>
void accumulate_columns(float* total, const float* x, Extent step, Extent rows, Extent columns,
                        const float* first_pass) {
  for (Extent row = 0; row < rows; row += 4) {
    const Extent left = rows - row;
    const float* r0 = x + row * step;
    const float* r1 = left > 1 ? r0 + step : nullptr;
    const float* r2 = left > 2 ? r0 + 2 * step : nullptr;
    const float* r3 = left > 3 ? r0 + 3 * step : nullptr;
    for_each_vector(columns, [&](Extent j, int count) {
      const f32x4 m = load_partial(first_pass + j, count);
      const auto value = [&](const float* at) { return A::value(load_partial(at + j, count), m); };
      f32x4 a = value(r0);
      if (r1) a = A::combine(a, value(r1));
      if (r3) {
        a = A::combine(a, A::combine(value(r2), value(r3)));
      } else if (r2) {
        a = A::combine(a, value(r2));
      }
      store_partial(total + j, A::combine(load_partial(total + j, count), a), count);
    });
  }
}

// The functions of floats: kind, or for `moments` the two it needs.
struct FloatReduction {
  ReduceKind kind;
  const Reduction& reduction;
  float* y;
  const float* x;
  float* mean = nullptr;  // set: y becomes the variance

  Accumulation accumulation() const {
    if (mean) return Accumulation::kSumCentred;
    switch (kind) {
      case ReduceKind::kMax:
        return Accumulation::kMax;
      case ReduceKind::kMin:
        return Accumulation::kMin;
      case ReduceKind::kProd:
        return Accumulation::kProduct;
      case ReduceKind::kL1:
        return Accumulation::kSumAbs;
      case ReduceKind::kL2:
      case ReduceKind::kSumSquare:
        return Accumulation::kSumSquares;
      case ReduceKind::kLogSumExp:
        return Accumulation::kSumExp;
      default:
        return Accumulation::kSum;
    }
  }
  bool two_passes() const { return mean || kind == ReduceKind::kLogSumExp; }

  // What the second pass subtracts: the mean, or the maximum where it is finite (infinities come
  // out right with 0).
  float prepare(float value) const {
    if (mean) return value / static_cast<float>(reduction.count);
    return std::isinf(value) ? 0.0f : value;
  }

  float finish(float value, float first_pass) const {
    switch (kind) {
      case ReduceKind::kMean:
        return value / static_cast<float>(reduction.count);
      case ReduceKind::kL2:
        return std::sqrt(value);
      case ReduceKind::kLogSum:
        return std::log(value);
      case ReduceKind::kLogSumExp:
        return std::log(value) + first_pass;
      default:
        return value;
    }
  }

  // One result, from rows of the reduced axes.
  template <class A>
  float reduce_rows(Extent first, float first_pass) const {
    double total = static_cast<double>(A::kStart);
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent count) {
      float buffer[kMaxRow];
      const float* row = read_row(x + first + at[0], reduction.reduced.row_steps[0], count, buffer);
      total = A::merge(total, accumulate_row<A>(row, count, first_pass));
    });
    return static_cast<float>(total);
  }

  // `columns` results side by side, from rows across them.
  template <class A>
  void reduce_columns(Extent first, Extent columns, const float* first_pass, float* total) const {
    std::fill_n(total, columns, A::kStart);
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent count) {
      float block[kMaxRow];
      std::fill_n(block, columns, A::kStart);
      accumulate_columns<A>(block, x + first + at[0], reduction.reduced.row_steps[0], count,
                            columns, first_pass);
      for_each_vector(columns, [&](Extent j, int n) {
        const f32x4 both = A::combine(load_partial(total + j, n), load_partial(block + j, n));
        store_partial(total + j, both, n);
      });
    });
  }

  // `count` results from offset `first` of x on.
  template <class First>
  void results(Extent first, Extent step, Extent count, bool side_by_side, float* first_pass,
               float* total) const {
    const auto pass = [&](auto a, float* to) {
      using A = decltype(a);
      if (side_by_side) return reduce_columns<A>(first, count, first_pass, to);
      for (Extent i = 0; i < count; ++i) to[i] = reduce_rows<A>(first + i * step, first_pass[i]);
    };
    if (two_passes()) {
      pass(First{}, total);
      for (Extent i = 0; i < count; ++i) first_pass[i] = prepare(total[i]);
    }
    dispatch(accumulation(), [&](auto a) { pass(a, total); });
  }

  void run() const {
    const Loop& kept = reduction.kept;
    const bool side_by_side = kept.row > 1 && kept.row_steps[0] == 1;
    for_each_row(kept, [&](const Extent* at, Extent count) {
      float first_pass[kMaxRow] = {}, total[kMaxRow];
      if (mean) {
        results<Sum>(at[0], kept.row_steps[0], count, side_by_side, first_pass, total);
      } else {
        results<Max>(at[0], kept.row_steps[0], count, side_by_side, first_pass, total);
      }
      for (Extent i = 0; i < count; ++i) {
        const Extent to = at[1] + i * kept.row_steps[1];
        y[to] = finish(total[i], first_pass[i]);
        if (mean) mean[to] = first_pass[i];
      }
    });
  }
};

int64_t lowest_of(DType dtype) {
  switch (dtype) {
    case DType::kI64:
      return INT64_MIN;
    case DType::kI32:
      return INT32_MIN;
    case DType::kI8:
      return INT8_MIN;
    default:
      return 0;
  }
}
int64_t highest_of(DType dtype) {
  switch (dtype) {
    case DType::kI64:
      return INT64_MAX;
    case DType::kI32:
      return INT32_MAX;
    case DType::kI8:
      return INT8_MAX;
    case DType::kBool:
      return 1;
    default:
      return UINT8_MAX;
  }
}

struct IntegerReduction {
  ReduceKind kind;
  DType dtype;
  const Reduction& reduction;
  void* y;
  const void* x;

  BinaryKind combine() const {
    switch (kind) {
      case ReduceKind::kMax:
        return BinaryKind::kMax;
      case ReduceKind::kMin:
        return BinaryKind::kMin;
      case ReduceKind::kProd:
        return BinaryKind::kMul;
      default:
        return BinaryKind::kAdd;
    }
  }

  int64_t start() const {
    switch (kind) {
      case ReduceKind::kMax:
        return lowest_of(dtype);
      case ReduceKind::kMin:
        return highest_of(dtype);
      case ReduceKind::kProd:
        return 1;
      default:
        return 0;
    }
  }

  int64_t finish(int64_t value) const {
    const auto real = static_cast<double>(value);
    switch (kind) {
      case ReduceKind::kMean:
        return reduction.count == 0 ? 0 : value / reduction.count;
      case ReduceKind::kL2:
        return value < 0 ? 0 : static_cast<int64_t>(std::sqrt(real));
      case ReduceKind::kLogSum:
        return value <= 0 ? 0 : static_cast<int64_t>(std::log(real));
      default:
        return value;
    }
  }

  int64_t reduce_one(Extent first) const {
    int64_t total = start();
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent count) {
      int64_t row[kMaxRow];
      load_integers(dtype, element(x, dtype, first + at[0]), reduction.reduced.row_steps[0], count,
                    row);
      const bool squares = kind == ReduceKind::kL2 || kind == ReduceKind::kSumSquare;
      if (squares) integer_row(BinaryKind::kMul, row, row, count);
      for (Extent i = 0; i < count; ++i) {
        if (kind == ReduceKind::kL1 && row[i] < 0)
          integer_row(BinaryKind::kMul, &row[i], &kMinusOne, 1);
        integer_row(combine(), &total, &row[i], 1);
      }
    });
    return finish(total);
  }

  void run() const {
    for_each_row(reduction.kept, [&](const Extent* at, Extent count) {
      int64_t results[kMaxRow];
      for (Extent i = 0; i < count; ++i) {
        results[i] = reduce_one(at[0] + i * reduction.kept.row_steps[0]);
      }
      store_integers(dtype, element(y, dtype, at[1]), reduction.kept.row_steps[1], count, results);
    });
  }

  static constexpr int64_t kMinusOne = -1;
};

}  // namespace

Reduction make_reduction(const Shape& shape, uint32_t axes, const Strides& x, const Strides& y) {
  Shape kept = shape, reduced = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    ((axes >> axis & 1) != 0 ? kept : reduced)[axis] = 1;
  }
  const Strides both[] = {x, y};
  return {make_loop(kept, both), make_loop(reduced, {both, 1}), reduced.count()};
}

void reduce(ReduceKind kind, DType dtype, const Reduction& reduction, void* y, const void* x) {
  if (dtype == DType::kF32) {
    FloatReduction{kind, reduction, static_cast<float*>(y), static_cast<const float*>(x)}.run();
  } else {
    IntegerReduction{kind, dtype, reduction, y, x}.run();
  }
}

void moments(const Reduction& reduction, float* mean, float* variance, const float* x) {
  FloatReduction{ReduceKind::kMean, reduction, variance, x, mean}.run();
}

}  // namespace heed::kernels

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

// What is accumulated: combine(accumulator, value(x, m)), where m is the maximum that kSumExp subtracts.
enum class Accumulation : uint8_t { kSum, kSumAbs, kSumSquares, kSumExp, kMax, kMin, kProduct };

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
    case Accumulation::kSum: return body(Sum{});
    case Accumulation::kSumAbs: return body(SumAbs{});
    case Accumulation::kSumSquares: return body(SumSquares{});
    case Accumulation::kSumExp: return body(SumExp{});
    case Accumulation::kMax: return body(Max{});
    case Accumulation::kMin: return body(Min{});
    case Accumulation::kProduct: return body(Product{});
  }
}

// The lanes of four accumulators and a rest of up to three elements, as one.
template <class A>
float accumulate_row(const float* x, Extent count, float maximum_of_all) {
  const f32x4 m = splat(maximum_of_all);
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
                        const float* maxima) {
  for (Extent row = 0; row < rows; row += 4) {
    const Extent left = rows - row;
    const float* r0 = x + row * step;
    const float* r1 = left > 1 ? r0 + step : nullptr;
    const float* r2 = left > 2 ? r0 + 2 * step : nullptr;
    const float* r3 = left > 3 ? r0 + 3 * step : nullptr;
    Extent j = 0;
    const auto column = [&](int count) {
      const f32x4 m = load_partial(maxima + j, count);
      const auto value = [&](const float* at) { return A::value(load_partial(at + j, count), m); };
      f32x4 a = value(r0);
      if (r1) a = A::combine(a, value(r1));
      if (r3) {
        a = A::combine(a, A::combine(value(r2), value(r3)));
      } else if (r2) {
        a = A::combine(a, value(r2));
      }
      store_partial(total + j, A::combine(load_partial(total + j, count), a), count);
    };
    for (; j + 4 <= columns; j += 4) column(4);
    if (j < columns) column(columns - j);
  }
}

struct FloatReduction {
  ReduceKind kind;
  const Reduction& reduction;
  float* y;
  const float* x;

  Accumulation accumulation() const {
    switch (kind) {
      case ReduceKind::kMax: return Accumulation::kMax;
      case ReduceKind::kMin: return Accumulation::kMin;
      case ReduceKind::kProd: return Accumulation::kProduct;
      case ReduceKind::kL1: return Accumulation::kSumAbs;
      case ReduceKind::kL2:
      case ReduceKind::kSumSquare: return Accumulation::kSumSquares;
      case ReduceKind::kLogSumExp: return Accumulation::kSumExp;
      default: return Accumulation::kSum;
    }
  }

  float finish(float value, float maximum_of_all) const {
    switch (kind) {
      case ReduceKind::kMean: return value / static_cast<float>(reduction.count);
      case ReduceKind::kL2: return std::sqrt(value);
      case ReduceKind::kLogSum: return std::log(value);
      case ReduceKind::kLogSumExp: return std::log(value) + maximum_of_all;
      default: return value;
    }
  }

  // One result, from rows of the reduced axes.
  template <class A>
  float reduce_rows(Extent first, float maximum_of_all) const {
    const Extent step = reduction.reduced.row_steps[0];
    double total = static_cast<double>(A::kStart);
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent count) {
      float buffer[kMaxRow];
      const float* row = read_row(x + first + at[0], step, count, buffer);
      total = A::merge(total, accumulate_row<A>(row, count, maximum_of_all));
    });
    return static_cast<float>(total);
  }

  // `columns` results side by side, from rows across them.
  template <class A>
  void reduce_columns(Extent first, Extent columns, const float* maxima, float* total) const {
    std::fill_n(total, columns, A::kStart);
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent count) {
      float block[kMaxRow];
      std::fill_n(block, columns, A::kStart);
      accumulate_columns<A>(block, x + first + at[0], reduction.reduced.row_steps[0], count, columns,
                            maxima);
      for (Extent j = 0; j < columns; j += 4) {
        const int n = std::min<Extent>(4, columns - j);
        const f32x4 both = A::combine(load_partial(total + j, n), load_partial(block + j, n));
        store_partial(total + j, both, n);
      }
    });
  }

  // exp(x - m) is taken where m is finite; infinities come out right with m = 0.
  static float shift(float m) { return std::isinf(m) ? 0.0f : m; }

  void run_rows() const {
    for_each_row(reduction.kept, [&](const Extent* at, Extent count) {
      for (Extent i = 0; i < count; ++i) {
        const Extent first = at[0] + i * reduction.kept.row_steps[0];
        float m = 0;
        if (kind == ReduceKind::kLogSumExp) m = shift(reduce_rows<Max>(first, 0));
        dispatch(accumulation(), [&](auto a) {
          y[at[1] + i * reduction.kept.row_steps[1]] = finish(reduce_rows<decltype(a)>(first, m), m);
        });
      }
    });
  }

  void run_columns() const {
    for_each_row(reduction.kept, [&](const Extent* at, Extent count) {
      float maxima[kMaxRow] = {}, total[kMaxRow];
      if (kind == ReduceKind::kLogSumExp) {
        reduce_columns<Max>(at[0], count, maxima, total);
        for (Extent j = 0; j < count; ++j) maxima[j] = shift(total[j]);
      }
      dispatch(accumulation(),
               [&](auto a) { reduce_columns<decltype(a)>(at[0], count, maxima, total); });
      for (Extent j = 0; j < count; ++j) {
        y[at[1] + j * reduction.kept.row_steps[1]] = finish(total[j], maxima[j]);
      }
    });
  }

  void run() const {
    const bool columns = reduction.kept.row > 1 && reduction.kept.row_steps[0] == 1;
    columns ? run_columns() : run_rows();
  }
};

int64_t lowest_of(DType dtype) {
  switch (dtype) {
    case DType::kI64: return INT64_MIN;
    case DType::kI32: return INT32_MIN;
    case DType::kI8: return INT8_MIN;
    default: return 0;
  }
}
int64_t highest_of(DType dtype) {
  switch (dtype) {
    case DType::kI64: return INT64_MAX;
    case DType::kI32: return INT32_MAX;
    case DType::kI8: return INT8_MAX;
    case DType::kBool: return 1;
    default: return UINT8_MAX;
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
      case ReduceKind::kMax: return BinaryKind::kMax;
      case ReduceKind::kMin: return BinaryKind::kMin;
      case ReduceKind::kProd: return BinaryKind::kMul;
      default: return BinaryKind::kAdd;
    }
  }

  int64_t start() const {
    switch (kind) {
      case ReduceKind::kMax: return lowest_of(dtype);
      case ReduceKind::kMin: return highest_of(dtype);
      case ReduceKind::kProd: return 1;
      default: return 0;
    }
  }

  int64_t finish(int64_t value) const {
    const auto real = static_cast<double>(value);
    switch (kind) {
      case ReduceKind::kMean: return reduction.count == 0 ? 0 : value / reduction.count;
      case ReduceKind::kL2: return value < 0 ? 0 : static_cast<int64_t>(std::sqrt(real));
      case ReduceKind::kLogSum: return value <= 0 ? 0 : static_cast<int64_t>(std::log(real));
      default: return value;
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
        if (kind == ReduceKind::kL1 && row[i] < 0) integer_row(BinaryKind::kMul, &row[i], &kMinusOne, 1);
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

}  // namespace heed::kernels

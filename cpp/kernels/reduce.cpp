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
// maximum before SumExp, the mean before SumCentred.
struct Sum {
  static constexpr float kStart = 0;
  HEED_INLINE static f32x4 value(f32x4 x, f32x4) { return x; }
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return a + b; }
  static double both(double a, double b) { return a + b; }
};
struct SumAbs : Sum {
  HEED_INLINE static f32x4 value(f32x4 x, f32x4) { return abs(x); }
};
struct SumSquares : Sum {
  HEED_INLINE static f32x4 value(f32x4 x, f32x4) { return x * x; }
};
struct SumExp : Sum {
  [[gnu::noinline]] static f32x4 value(f32x4 x, f32x4 m) { return exp(x - m); }
};
struct SumCentred : Sum {
  HEED_INLINE static f32x4 value(f32x4 x, f32x4 m) { return (x - m) * (x - m); }
};
struct Max : Sum {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return maximum(a, b); }
  static double both(double a, double b) { return std::isnan(a) || b <= a ? a : b; }
};
struct Min : Sum {
  static constexpr float kStart = std::numeric_limits<float>::infinity();
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return minimum(a, b); }
  static double both(double a, double b) { return std::isnan(a) || b >= a ? a : b; }
};
struct Product : Sum {
  static constexpr float kStart = 1;
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return a * b; }
  static double both(double a, double b) { return a * b; }
};

// Columns that are folded together.
constexpr Extent kWidth = 4 * kLanes;

void fill_width(float* to, float value) {
  for (int i = 0; i < kWidth; i += kLanes) store(to + i, splat(value));
}

// total[j] = combine(total[j], x[0, j], ..., x[rows - 1, j]) for j < columns, rows being `step`
// apart. total and m (columns) have room for whole vectors.
template <class A>
void fold(float* total, const float* x, Extent step, Extent rows, Extent columns, const float* m) {
  Extent j = 0;
  for (; j + kWidth <= columns; j += kWidth) {
    f32x4 a0 = load(total + j), a1 = load(total + j + 4);
    f32x4 a2 = load(total + j + 8), a3 = load(total + j + 12);
    const float* row = x + j;
    for (Extent i = rows; i > 0; --i, row += step) {
      a0 = A::combine(a0, A::value(load(row), load(m + j)));
      a1 = A::combine(a1, A::value(load(row + 4), load(m + j + 4)));
      a2 = A::combine(a2, A::value(load(row + 8), load(m + j + 8)));
      a3 = A::combine(a3, A::value(load(row + 12), load(m + j + 12)));
    }
    store(total + j, a0);
    store(total + j + 4, a1);
    store(total + j + 8, a2);
    store(total + j + 12, a3);
  }
  for (; j < columns; j += kLanes) {
    const Extent lanes = columns - j;
    f32x4 a = load(total + j);
    const float* row = x + j;
    for (Extent i = 0; i < rows; ++i, row += step) {
      a = A::combine(a, A::value(load_partial(row, lanes), load(m + j)));
    }
    store_partial(total + j, a, lanes);
  }
}

// A vector of a block's results into that of the blocks before it.
template <class A>
double join(double total, const float* lanes) {
  for (int i = 0; i < kLanes; ++i) total = A::both(total, static_cast<double>(lanes[i]));
  return total;
}

// One pass over the elements, and how the results of its blocks become one.
struct Pass {
  using Fold = void (*)(float*, const float*, Extent, Extent, Extent, const float*);
  float start;
  Fold fold, merge;
  double (*join)(double, const float*);
};

template <class A, class Merge>
constexpr Pass kPass = {A::kStart, fold<A>, fold<Merge>, join<Merge>};

const Pass& pass_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMax:
      return kPass<Max, Max>;
    case ReduceKind::kMin:
      return kPass<Min, Min>;
    case ReduceKind::kProd:
      return kPass<Product, Product>;
    case ReduceKind::kL1:
      return kPass<SumAbs, Sum>;
    case ReduceKind::kL2:
    case ReduceKind::kSumSquare:
      return kPass<SumSquares, Sum>;
    case ReduceKind::kLogSumExp:
      return kPass<SumExp, Sum>;
    default:
      return kPass<Sum, Sum>;
  }
}

// The functions of floats: kind, or for `moments` the two it needs.
struct FloatReduction {
  ReduceKind kind;
  const Reduction& reduction;
  float* y;
  const float* x;
  float* mean = nullptr;  // set: y becomes the variance

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
  float reduce_rows(const Pass& pass, Extent first, float first_pass) const {
    double total = static_cast<double>(pass.start);
    float m[kWidth];
    fill_width(m, first_pass);
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent count) {
      float buffer[kMaxRow], lanes[kWidth];
      const float* row = read_row(x + first + at[0], reduction.reduced.row_steps[0], count, buffer);
      fill_width(lanes, pass.start);
      const Extent rest = count % kWidth, whole = count - rest;
      if (whole > 0) pass.fold(lanes, row, kWidth, whole / kWidth, kWidth, m);
      if (rest > 0) pass.fold(lanes, row + whole, 0, 1, rest, m);
      pass.merge(lanes, lanes + kLanes, kLanes, 3, kLanes, m);
      total = pass.join(total, lanes);
    });
    return static_cast<float>(total);
  }

  // `columns` results side by side, from rows across them.
  void reduce_columns(const Pass& pass, Extent first, Extent columns, const float* first_pass,
                      float* total) const {
    std::fill_n(total, columns, pass.start);
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent count) {
      float block[kMaxRow];
      std::fill_n(block, columns, pass.start);
      pass.fold(block, x + first + at[0], reduction.reduced.row_steps[0], count, columns,
                first_pass);
      pass.merge(total, block, 0, 1, columns, first_pass);
    });
  }

  void run() const {
    const Loop& kept = reduction.kept;
    const bool side_by_side = kept.row > 1 && kept.row_steps[0] == 1;
    for_each_row(kept, [&](const Extent* at, Extent count) {
      float first_pass[kMaxRow], total[kMaxRow];
      const auto reduce = [&](const Pass& pass) {
        if (side_by_side) return reduce_columns(pass, at[0], count, first_pass, total);
        for (Extent i = 0; i < count; ++i) {
          total[i] = reduce_rows(pass, at[0] + i * kept.row_steps[0], first_pass[i]);
        }
      };
      std::fill_n(first_pass, count, 0.0f);
      if (mean || kind == ReduceKind::kLogSumExp) {
        reduce(mean ? kPass<Sum, Sum> : kPass<Max, Max>);
        for (Extent i = 0; i < count; ++i) first_pass[i] = prepare(total[i]);
      }
      reduce(mean ? kPass<SumCentred, Sum> : pass_of(kind));
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

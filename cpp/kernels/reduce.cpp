#include "kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/elementwise_integer.h"
#include "kernels/row.h"
#include "kernels/scalar_math.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What is accumulated: combine(accumulator, value(x, m)), where m is what a first pass found: the
// maximum before SumExp, the mean before SumCentred. kStart changes nothing that it is combined
// with.
struct Sum {
  static constexpr float kStart = 0;
  HEED_INLINE static f32x4 value(f32x4 x, f32x4) { return x; }
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return a + b; }
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
  static constexpr float kStart = -kInfinity;
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return maximum(a, b); }
};
struct Min : Sum {
  static constexpr float kStart = kInfinity;
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return minimum(a, b); }
};
struct Product : Sum {
  static constexpr float kStart = 1;
  HEED_INLINE static f32x4 combine(f32x4 a, f32x4 b) { return a * b; }
};

// Whose accumulators the streams of a block are.
enum class Form : uint8_t {
  kColumns,  // their lanes are results side by side
  kRows,     // each is a result
  kRow,      // all are of one result
};

// Elements of the reduced axes, at most kMaxRow for each result: four accumulators take `rounds`
// vectors each, `step` apart.
constexpr Extent kStreams = 4;
constexpr Extent kWidth = kStreams * kLanes;
struct Block {
  const float* from[kStreams];
  Extent step, rounds;
  Form form;
  Extent rest;  // elements of a row that are left then

  // Of them, those that stream i takes.
  Extent left(Extent i) const {
    return form == Form::kRow ? std::clamp<Extent>(rest - i * kLanes, 0, kLanes) : rest;
  }
};

// found[i] = result i of the block; m, what is subtracted, has one value for each accumulator's
// lane.
template <class A>
void fold(float* found, const Block& block, const float* m) {
  const float *x0 = block.from[0], *x1 = block.from[1];
  const float *x2 = block.from[2], *x3 = block.from[3];
  f32x4 a0 = splat(A::kStart), a1 = a0, a2 = a0, a3 = a0;
  Extent at = 0;
  for (Extent i = block.rounds; i > 0; --i, at += block.step) {
    a0 = A::combine(a0, A::value(load(x0 + at), load(m)));
    a1 = A::combine(a1, A::value(load(x1 + at), load(m + 4)));
    a2 = A::combine(a2, A::value(load(x2 + at), load(m + 8)));
    a3 = A::combine(a3, A::value(load(x3 + at), load(m + 12)));
  }
  store(found, a0);
  store(found + 4, a1);
  store(found + 8, a2);
  store(found + 12, a3);
  if (block.form == Form::kColumns) return;
  for (Extent i = 0; block.rest > 0 && i < kStreams; ++i) {
    const Extent left = block.left(i);
    float* to = found + i * kLanes;
    const f32x4 last = A::value(load_partial(block.from[i] + at, left), load(m + i * kLanes));
    const i32x4 taken = make_i32(0, 1, 2, 3) < splat(left);
    store(to, select(taken, A::combine(load(to), last), load(to)));
  }
  a0 = load(found), a1 = load(found + 4), a2 = load(found + 8), a3 = load(found + 12);
  transpose(a0, a1, a2, a3);
  a0 = A::combine(A::combine(a0, a1), A::combine(a2, a3));
  if (block.form == Form::kRow) {
    a0 = A::combine(a0, shuffle<2, 3, 0, 1>(a0, a0));
    a0 = A::combine(a0, shuffle<1, 0, 3, 2>(a0, a0));
  }
  store(found, a0);
}

// total[i] = combine(total[i], more[i]).
template <class A>
void merge(float* total, const float* more, Extent count) {
  for_each_vector(count, [&](Extent i, int n) {
    store_partial(total + i, A::combine(load_partial(total + i, n), load_partial(more + i, n)), n);
  });
}

struct Pass {
  float start;
  void (*fold)(float*, const Block&, const float*);
  void (*merge)(float*, const float*, Extent);
};

template <class A, class Merged = Sum>
constexpr Pass kPass = {A::kStart, fold<A>, merge<Merged>};

constexpr const Pass* kSum = &kPass<Sum>;
constexpr const Pass* kSumExp = &kPass<SumExp>;
constexpr const Pass* kMax = &kPass<Max, Max>;

const Pass* pass_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMax:
      return kMax;
    case ReduceKind::kMin:
      return &kPass<Min, Min>;
    case ReduceKind::kProd:
      return &kPass<Product, Product>;
    case ReduceKind::kL1:
      return &kPass<SumAbs>;
    case ReduceKind::kL2:
    case ReduceKind::kSumSquare:
      return &kPass<SumSquares>;
    case ReduceKind::kLogSumExp:
      return kSumExp;
    default:
      return kSum;
  }
}

// The value itself where exp(x - value) is to be summed: infinities come out right with 0.
HEED_INLINE f32x4 finite(f32x4 value) {
  return select(abs(value) == splat(kInfinity), zero(), value);
}

// Totals of up to kMaxRow results in each of a few passes.
struct Totals {
  std::span<const Pass* const> passes;
  float m[kMaxRow + kWidth] = {};  // what the passes subtract
  float greatest[kMaxRow];  // so far, for SumExp: its total is the sum of exp(x - finite(greatest))
  float total[kMaxTogether][kMaxRow];

  void start(Extent count) {
    std::fill_n(greatest, count, -kInfinity);
    for (size_t k = 0; k < passes.size(); ++k) std::fill_n(total[k], count, passes[k]->start);
  }

  // Results first.. of the block, without the first `skip`.
  void add(const Block& block, Extent first, Extent skip, Extent count) {
    float found[kWidth], shift[kWidth], top[kWidth], top_shift[kWidth];
    spread(block, m + first, shift);
    const Extent to = first + skip;
    for (size_t k = 0; k < passes.size(); ++k) {
      if (passes[k] == kSumExp) {
        kMax->fold(top, block, shift);
        for (Extent i = 0; i < kWidth; i += kLanes) store(found + i, finite(load(top + i)));
        spread(block, found, top_shift);
        kSumExp->fold(found, block, top_shift);
        add_exponentials(greatest + to, total[k] + to, top + skip, found + skip, count);
      } else {
        passes[k]->fold(found, block, shift);
        passes[k]->merge(total[k] + to, found + skip, count);
      }
    }
  }

 private:
  // From one value for each result to one for each accumulator's lane.
  static void spread(const Block& block, const float* values, float* lanes) {
    for (Extent i = 0; i < kStreams; ++i) {
      const Extent row = block.form == Form::kRows ? i : 0;
      store(lanes + i * kLanes,
            block.form == Form::kColumns ? load(values + i * kLanes) : load_splat(values + row));
    }
  }

  // total exp(a) + found exp(b) = (total exp(a - m) + found exp(b - m)) exp(m).
  static void add_exponentials(float* tops, float* totals, const float* top, const float* found,
                               Extent count) {
    for_each_vector(count, [&](Extent i, int n) {
      const f32x4 a = load_partial(tops + i, n), b = load_partial(top + i, n);
      const f32x4 greater = maximum(a, b), shared = finite(greater);
      store_partial(tops + i, greater, n);
      store_partial(totals + i,
                    load_partial(totals + i, n) * SumExp::value(a, shared) +
                        load_partial(found + i, n) * SumExp::value(b, shared),
                    n);
    });
  }
};

// The totals of `count` results, the first one's elements being at x.
void accumulate(const Reduction& reduction, const float* x, Extent count, Totals& totals) {
  const Extent kept_step = reduction.kept.row_steps[0], step = reduction.reduced.row_steps[0];
  totals.start(count);
  if (kept_step == 1 && count >= kLanes) {
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent rows) {
      Extent width;
      for (Extent j = 0; j < count; j += width) {
        // Less than a vector is the end of one.
        const Extent vectors = std::min((count - j) / kLanes, kStreams);
        const Extent first = std::min(j, count - kLanes);
        width = vectors > 0 ? vectors * kLanes : count - j;
        Block block{{}, step, rows, Form::kColumns, 0};
        for (Extent i = 0; i < kStreams; ++i) {
          const Extent vector = std::min(i, std::max<Extent>(vectors - 1, 0));
          block.from[i] = x + at[0] + first + vector * kLanes;
        }
        totals.add(block, first, j - first, width);
      }
    });
    return;
  }
  for (Extent j = 0; j < count;) {
    const bool one = count - j < kStreams;
    for_each_row_in_order(reduction.reduced, [&](const Extent* at, Extent length) {
      float buffers[kStreams][kMaxRow];
      const Extent taken = one ? kWidth : kLanes;
      Block block{{}, taken, length / taken, one ? Form::kRow : Form::kRows, length % taken};
      const float* row = x + at[0] + j * kept_step;
      for (Extent i = 0; i < kStreams; ++i) {
        block.from[i] = one && i > 0 ? block.from[0] + i * kLanes
                                     : read_row(row + i * kept_step, step, length, buffers[i]);
      }
      totals.add(block, j, 0, one ? 1 : kStreams);
    });
    j += one ? 1 : kStreams;
  }
}

float finish(ReduceKind kind, const Reduction& reduction, float total, float greatest) {
  switch (kind) {
    case ReduceKind::kMean:
      return total / static_cast<float>(reduction.count);
    case ReduceKind::kL2:
      return std::sqrt(total);
    case ReduceKind::kLogSum:
      return logarithm(total);
    case ReduceKind::kLogSumExp:
      return logarithm(total) + (std::isinf(greatest) ? 0.0f : greatest);
    default:
      return total;
  }
}

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

void reduce_floats(std::span<const ReduceKind> kinds, const Reduction& reduction, float* y,
                   Extent y_step, const float* x) {
  const Pass* passes[kMaxTogether];
  for (size_t k = 0; k < kinds.size(); ++k) passes[k] = pass_of(kinds[k]);
  for_each_row(reduction.kept, [&](const Extent* at, Extent count) {
    Totals totals;
    totals.passes = {passes, kinds.size()};
    accumulate(reduction, x + at[0], count, totals);
    for (size_t k = 0; k < kinds.size(); ++k) {
      float* to = y + static_cast<Extent>(k) * y_step + at[1];
      for (Extent i = 0; i < count; ++i, to += reduction.kept.row_steps[1]) {
        *to = finish(kinds[k], reduction, totals.total[k][i], totals.greatest[i]);
      }
    }
  });
}

void reduce(ReduceKind kind, DType dtype, const Reduction& reduction, void* y, const void* x) {
  if (dtype == DType::kF32) {
    reduce_floats({&kind, 1}, reduction, static_cast<float*>(y), 0, static_cast<const float*>(x));
  } else {
    IntegerReduction{kind, dtype, reduction, y, x}.run();
  }
}

void moments(const Reduction& reduction, float* mean, float* variance, const float* x) {
  const auto elements = static_cast<float>(reduction.count);
  for_each_row(reduction.kept, [&](const Extent* at, Extent count) {
    const Pass *first[] = {kSum}, *second[] = {&kPass<SumCentred>};
    Totals totals;
    totals.passes = first;
    accumulate(reduction, x + at[0], count, totals);
    for (Extent i = 0; i < count; ++i) {
      totals.m[i] = totals.total[0][i] / elements;
      mean[at[1] + i * reduction.kept.row_steps[1]] = totals.m[i];
    }
    totals.passes = second;
    accumulate(reduction, x + at[0], count, totals);
    for (Extent i = 0; i < count; ++i) {
      variance[at[1] + i * reduction.kept.row_steps[1]] = totals.total[0][i] / elements;
    }
  });
}

}  // namespace heed::kernels

#include "kernels/elementwise_binary.h"

#include <cmath>

#include "kernels/elementwise_integer.h"
#include "kernels/elementwise_unary.h"
#include "kernels/row.h"
#include "kernels/scalar_math.h"
#include "kernels/vector_math.h"

namespace heed::kernels {

using namespace simd;

namespace {

// `count` is a multiple of 4.
template <class F>
HEED_INLINE void map_rows(float* y, Run<float> a, Run<float> b, Extent count, F f) {
  const Extent a_step = kLanes * a.advance, b_step = kLanes * b.advance;
  for (Extent i = 0; i < count; i += kLanes, a.at += a_step, b.at += b_step) {
    store(y + i, f(load(a.at), load(b.at)));
  }
}

template <class Y, class F>
HEED_INLINE void map_scalars(Y* y, Run<float> a, Run<float> b, Extent count, F f) {
  for (Extent i = 0; i < count; ++i) y[i] = f(a.at[i * a.advance], b.at[i * b.advance]);
}

// The exponents that files contain, without the general function: x^2 and its like in norms and in
// GELU written out.
bool simple_power(float* y, Run<float> a, float exponent, Extent count) {
  const Run<float> none = {a.at, a.advance};
  if (exponent == 2.0f) {
    map_rows(y, a, none, count, [](f32x4 v, f32x4) { return v * v; });
  } else if (exponent == 3.0f) {
    map_rows(y, a, none, count, [](f32x4 v, f32x4) { return v * v * v; });
  } else if (exponent == -1.0f) {
    map_rows(y, a, none, count, [](f32x4 v, f32x4) { return splat(1.0f) / v; });
  } else {
    return false;
  }
  return true;
}

float python_modulo(float a, float b) {
  const float r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// `count` is a multiple of 4.
[[gnu::noinline]] void arithmetic_row(BinaryKind kind, float* y, Run<float> a, Run<float> b,
                                      Extent count) {
  switch (kind) {
    case BinaryKind::kAdd:
      return map_rows(y, a, b, count, [](f32x4 u, f32x4 v) { return u + v; });
    case BinaryKind::kSub:
      return map_rows(y, a, b, count, [](f32x4 u, f32x4 v) { return u - v; });
    case BinaryKind::kMul:
      return map_rows(y, a, b, count, [](f32x4 u, f32x4 v) { return u * v; });
    case BinaryKind::kDiv:
      return map_rows(y, a, b, count, [](f32x4 u, f32x4 v) { return u / v; });
    case BinaryKind::kMin:
      return map_rows(y, a, b, count, [](f32x4 u, f32x4 v) { return minimum(u, v); });
    case BinaryKind::kMax:
      return map_rows(y, a, b, count, [](f32x4 u, f32x4 v) { return maximum(u, v); });
    case BinaryKind::kPRelu:
      return map_rows(y, a, b, count,
                      [](f32x4 u, f32x4 v) { return select(u < splat(0.0f), u * v, u); });
    case BinaryKind::kPow:
      if (b.advance == 0 && simple_power(y, a, *b.at, count)) return;
      return map_scalars(y, a, b, count, [](float u, float v) { return std::pow(u, v); });
    case BinaryKind::kModulo:
      return map_scalars(y, a, b, count, python_modulo);
    default:
      return map_scalars(y, a, b, count, [](float u, float v) { return std::fmod(u, v); });
  }
}

void comparison_row(BinaryKind kind, uint8_t* y, Run<float> a, Run<float> b, Extent count) {
  switch (kind) {
    case BinaryKind::kEqual:
      return map_scalars(y, a, b, count, [](float u, float v) { return u == v; });
    case BinaryKind::kGreater:
      return map_scalars(y, a, b, count, [](float u, float v) { return u > v; });
    case BinaryKind::kGreaterOrEqual:
      return map_scalars(y, a, b, count, [](float u, float v) { return u >= v; });
    case BinaryKind::kLess:
      return comparison_row(BinaryKind::kGreater, y, b, a, count);
    default:
      return comparison_row(BinaryKind::kGreaterOrEqual, y, b, a, count);
  }
}

// The last `rest` elements of a run, with zeros behind them.
Run<float> rest_of(Run<float> run, Extent whole, Extent rest, float* buffer) {
  if (run.advance == 0) return run;
  store(buffer, load_rest(run.at + whole, rest));
  return {buffer, 1};
}

void float_arithmetic(BinaryKind kind, const Loop& loop, float* y, const float* a, const float* b,
                      const Activation& activation) {
  for_each_row(loop, [&](const Extent* at, Extent count) {
    float a_buffer[kMaxRow], b_buffer[kMaxRow], y_buffer[kMaxRow];
    const Run<float> run_a = read_run(loop, 1, a + at[1], count, a_buffer);
    const Run<float> run_b = read_run(loop, 2, b + at[2], count, b_buffer);
    float* to = write_row(y + at[0], loop.row_steps[0], y_buffer);
    const Extent rest = count % kLanes, whole = count - rest;
    arithmetic_row(kind, to, run_a, run_b, whole);
    if (rest > 0) {
      float last[3][kLanes];
      arithmetic_row(kind, last[0], rest_of(run_a, whole, rest, last[1]),
                     rest_of(run_b, whole, rest, last[2]), kLanes);
      store_rest(to + whole, load(last[0]), rest);
    }
    activate_row(activation, to, count);
    finish_row(y + at[0], loop.row_steps[0], count, to);
  });
}

void float_comparison(BinaryKind kind, const Loop& loop, uint8_t* y, const float* a,
                      const float* b) {
  for_each_row(loop, [&](const Extent* at, Extent count) {
    float a_buffer[kMaxRow], b_buffer[kMaxRow];
    uint8_t y_buffer[kMaxRow];
    const Run<float> run_a = read_run(loop, 1, a + at[1], count, a_buffer);
    const Run<float> run_b = read_run(loop, 2, b + at[2], count, b_buffer);
    uint8_t* to = write_row(y + at[0], loop.row_steps[0], y_buffer);
    comparison_row(kind, to, run_a, run_b, count);
    finish_row(y + at[0], loop.row_steps[0], count, to);
  });
}

void integers(BinaryKind kind, DType dtype, const Loop& loop, void* y, const void* a,
              const void* b) {
  const DType result = is_comparison(kind) ? DType::kBool : dtype;
  for_each_row(loop, [&](const Extent* at, Extent count) {
    int64_t row_a[kMaxRow], row_b[kMaxRow];
    load_integers(dtype, element(a, dtype, at[1]), loop.row_steps[1], count, row_a);
    load_integers(dtype, element(b, dtype, at[2]), loop.row_steps[2], count, row_b);
    integer_row(kind, row_a, row_b, count);
    store_integers(result, element(y, result, at[0]), loop.row_steps[0], count, row_a);
  });
}

double number_at(DType dtype, const void* base, Extent index) {
  if (dtype == DType::kF32) return static_cast<double>(static_cast<const float*>(base)[index]);
  int64_t value;
  load_integers(dtype, element(base, dtype, index), 1, 1, &value);
  return static_cast<double>(value);
}

template <class T>
void choose_rows(const Loop& loop, T* y, const uint8_t* condition, const T* a, const T* b) {
  for_each_row(loop, [&](const Extent* at, Extent count) {
    const Extent* step = loop.row_steps;
    for (Extent i = 0; i < count; ++i) {
      y[at[0] + i * step[0]] =
          condition[at[1] + i * step[1]] ? a[at[2] + i * step[2]] : b[at[3] + i * step[3]];
    }
  });
}

template <class T>
void choose_typed(const Loop& loop, void* y, const uint8_t* condition, const void* a,
                  const void* b) {
  choose_rows(loop, static_cast<T*>(y), condition, static_cast<const T*>(a),
              static_cast<const T*>(b));
}

}  // namespace

void binary(BinaryKind kind, DType dtype, const Loop& loop, void* y, const void* a, const void* b,
            const Activation& activation) {
  if (dtype != DType::kF32) return integers(kind, dtype, loop, y, a, b);
  const float* float_a = static_cast<const float*>(a);
  const float* float_b = static_cast<const float*>(b);
  if (is_comparison(kind)) {
    float_comparison(kind, loop, static_cast<uint8_t*>(y), float_a, float_b);
  } else {
    float_arithmetic(kind, loop, static_cast<float*>(y), float_a, float_b, activation);
  }
}

void power(DType base, DType exponent, const Loop& loop, void* y, const void* a, const void* b) {
  for_each_row(loop, [&](const Extent* at, Extent count) {
    for (Extent i = 0; i < count; ++i) {
      const double value = power(number_at(base, a, at[1] + i * loop.row_steps[1]),
                                 number_at(exponent, b, at[2] + i * loop.row_steps[2]));
      const Extent index = at[0] + i * loop.row_steps[0];
      if (base == DType::kF32) {
        static_cast<float*>(y)[index] = static_cast<float>(value);
      } else {
        // Out of range is out of the operator's meaning; it must only not be undefined.
        const int64_t cut = value > -9.2e18 && value < 9.2e18 ? static_cast<int64_t>(value) : 0;
        store_integers(base, element(y, base, index), 1, 1, &cut);
      }
    }
  });
}

void choose(size_t element_bytes, const Loop& loop, void* y, const uint8_t* condition,
            const void* a, const void* b) {
  switch (element_bytes) {
    case 8:
      return choose_typed<uint64_t>(loop, y, condition, a, b);
    case 4:
      return choose_typed<uint32_t>(loop, y, condition, a, b);
    case 2:
      return choose_typed<uint16_t>(loop, y, condition, a, b);
    default:
      return choose_typed<uint8_t>(loop, y, condition, a, b);
  }
}

}  // namespace heed::kernels

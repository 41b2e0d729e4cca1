#include "kernels/gemv.h"

#include "base/parallel.h"
#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

using simd::f32x4;

// Columns [begin, begin + count), count <= 32, of a matrix with rows in memory: eight vectors of
// sums, so that their additions overlap.
void sum_rows(Extent depth, const float* a, const float* b, Extent row_step, float* c) {
  f32x4 sums[8];
  for (f32x4& sum : sums) sum = simd::zero();
  for (Extent k = 0; k < depth; ++k, b += row_step) {
    const f32x4 value = simd::load_splat(a + k);
    for (int i = 0; i < 8; ++i) sums[i] = simd::madd(value, simd::load(b + 4 * i), sums[i]);
  }
  for (int i = 0; i < 8; ++i) simd::store(c + 4 * i, sums[i]);
}

void sum_rows_of_four(Extent depth, const float* a, const float* b, Extent row_step, Extent count,
                      float* c) {
  f32x4 even = simd::zero(), odd = simd::zero();
  Extent k = 0;
  for (; k + 2 <= depth; k += 2, b += 2 * row_step) {
    even = simd::madd(simd::load_splat(a + k), simd::load_partial(b, count), even);
    odd = simd::madd(simd::load_splat(a + k + 1), simd::load_partial(b + row_step, count), odd);
  }
  if (k < depth) even = simd::madd(simd::load_splat(a + k), simd::load_partial(b, count), even);
  simd::store_partial(c, even + odd, count);
}

// Four columns of a matrix with columns in memory.
template <int kColumns>
void dot_columns(Extent depth, const float* a, const float* b, Extent column_step, float* c) {
  f32x4 sums[kColumns];
  for (f32x4& sum : sums) sum = simd::zero();
  for (Extent k = 0; k < depth; k += 4) {
    const Extent count = depth - k < 4 ? depth - k : 4;
    const f32x4 values = simd::load_partial(a + k, count);
    for (int i = 0; i < kColumns; ++i) {
      sums[i] = simd::madd(values, simd::load_partial(b + i * column_step + k, count), sums[i]);
    }
  }
  for (int i = 0; i < kColumns; ++i) c[i] = simd::horizontal_sum(sums[i]);
}

void dot_strided(Extent depth, const float* a, const float* b, Extent row_step, float* c) {
  float sum = 0;
  for (Extent k = 0; k < depth; ++k) sum += a[k] * b[k * row_step];
  *c = sum;
}

}  // namespace

void gemv(Extent columns, Extent depth, const float* a, const float* b, Extent row_step,
          Extent column_step, float* c) {
  const Extent grain = 1 + 1000000 / (depth + 1);
  parallel_for(columns, grain, [=](Extent begin, Extent end) {
    Extent n = begin;
    if (column_step == 1) {
      for (; n + 32 <= end; n += 32) sum_rows(depth, a, b + n, row_step, c + n);
      for (; n < end; n += 4) {
        sum_rows_of_four(depth, a, b + n, row_step, end - n < 4 ? end - n : 4, c + n);
      }
    } else if (row_step == 1) {
      for (; n + 4 <= end; n += 4)
        dot_columns<4>(depth, a, b + n * column_step, column_step, c + n);
      for (; n < end; ++n) dot_columns<1>(depth, a, b + n * column_step, column_step, c + n);
    } else {
      for (; n < end; ++n) dot_strided(depth, a, b + n * column_step, row_step, c + n);
    }
  });
}

}  // namespace heed::kernels

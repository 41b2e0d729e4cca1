#include "kernels/integer_gemm.h"

#include <algorithm>

#include "base/parallel.h"
#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

using simd::i32x4;

constexpr Extent kColumns = 4;
constexpr Extent kRows = 4;

Extent pairs(Extent depth) { return (depth + 1) / 2; }

// An 8-bit element of either type as an integer.
int read(const void* values, DType type, int64_t at) {
  return type == DType::kI8 ? static_cast<const int8_t*>(values)[at]
                            : static_cast<const uint8_t*>(values)[at];
}

// Rows that do not exist repeat the last one.
void multiply_rows(Extent rows, Extent columns, Extent depth_pairs, const int16_t* a,
                   const int16_t* panel, int32_t* c, Extent c_step) {
  const int16_t* from[kRows];
  i32x4 sums[kRows];
  for (Extent r = 0; r < kRows; ++r) {
    from[r] = a + static_cast<size_t>(std::min(r, rows - 1)) * depth_pairs * 2;
    sums[r] = simd::splat(int32_t{0});
  }
  for (Extent k = 0; k < depth_pairs; ++k, panel += 2 * kColumns) {
    const simd::i16x8 b = simd::load(panel);
    for (Extent r = 0; r < kRows; ++r) {
      sums[r] = sums[r] + simd::dot_pairs(simd::load_splat_pair(from[r] + 2 * k), b);
    }
  }
  int32_t staged[kRows][kColumns];
  for (Extent r = 0; r < kRows; ++r) simd::store(staged[r], sums[r]);
  for (Extent r = 0; r < rows; ++r) std::copy_n(staged[r], columns, c + r * c_step);
}

}  // namespace

int64_t widened_a_count(Extent rows, Extent depth) { return int64_t{rows} * pairs(depth) * 2; }

int64_t widened_b_count(Extent depth, Extent columns) {
  return (int64_t{columns} + kColumns - 1) / kColumns * kColumns * pairs(depth) * 2;
}

void widen_a(const void* a, const void* zero_points, Extent zero_step, DType type, Extent rows,
             Extent depth, int16_t* wide) {
  int64_t at = 0;
  for (Extent m = 0; m < rows; ++m) {
    const int zero = zero_points ? read(zero_points, type, m * zero_step) : 0;
    for (Extent k = 0; k < depth; ++k) *wide++ = static_cast<int16_t>(read(a, type, at++) - zero);
    if (depth % 2 != 0) *wide++ = 0;
  }
}

void widen_b(const void* b, const void* zero_points, Extent zero_step, DType type, Extent depth,
             Extent columns, int16_t* wide) {
  for (Extent first = 0; first < columns; first += kColumns) {
    for (Extent k = 0; k < pairs(depth) * 2; k += 2) {
      for (Extent n = first; n < first + kColumns; ++n) {
        for (Extent row = k; row < k + 2; ++row) {
          int value = 0;
          if (row < depth && n < columns) {
            value = read(b, type, int64_t{row} * columns + n) -
                    (zero_points ? read(zero_points, type, n * zero_step) : 0);
          }
          *wide++ = static_cast<int16_t>(value);
        }
      }
    }
  }
}

void integer_gemm(Extent rows, Extent columns, Extent depth, const int16_t* a, const int16_t* b,
                  int32_t* c) {
  const Extent depth_pairs = pairs(depth);
  const Extent row_blocks = (rows + kRows - 1) / kRows;
  parallel_for(row_blocks, 1, [=](Extent begin, Extent end) {
    for (Extent block = begin; block < end; ++block) {
      const Extent m = block * kRows;
      const int16_t* panel = b;
      for (Extent n = 0; n < columns; n += kColumns, panel += 2 * kColumns * size_t(depth_pairs)) {
        multiply_rows(std::min(kRows, rows - m), std::min(kColumns, columns - n), depth_pairs,
                      a + size_t(m) * depth_pairs * 2, panel, c + m * columns + n, columns);
      }
    }
  });
}

}  // namespace heed::kernels

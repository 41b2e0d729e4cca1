// Rows of a loop as contiguous runs: what element-wise row kernels work on.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/iterate.h"
#include "simd/f32x4.h"

namespace heed::kernels {

// Calls body(i, lanes) for the vectors of a row: i = 0, 4, 8, ... with 4 lanes each, then what is
// left with 1 to 3.
template <class F>
HEED_INLINE void for_each_vector(Extent count, F&& body) {
  Extent i = 0;
  for (; i + 4 <= count; i += 4) {
    // Its checks of the lanes go away where it is inlined.
    [[clang::always_inline]] body(i, 4);
  }
  if (i < count) body(i, count - i);
}

// `count` <= kMaxRow elements at `from`, `step` apart, as a contiguous run: in place where step is
// 1, else copied to `buffer`.
template <class T>
const T* read_row(const T* from, Extent step, Extent count, T* buffer) {
  if (step == 1) return from;
  for (Extent i = 0; i < count; ++i) buffer[i] = from[i * step];
  return buffer;
}

// Where to write a row: in place where step is 1, else `buffer`, from which `finish_row` copies.
template <class T>
T* write_row(T* to, Extent step, T* buffer) {
  return step == 1 ? to : buffer;
}
template <class T>
void finish_row(T* to, Extent step, Extent count, const T* row) {
  if (step == 1) return;
  for (Extent i = 0; i < count; ++i) to[i * step] = row[i];
}

// A run of which all elements may be the same one: the next vector starts `advance` * 4 elements
// further.
template <class T>
struct Run {
  const T* at;
  Extent advance;  // 1, or 0: `at` holds four equal elements
};

// The row of operand `k` of a loop made by make_periodic_loop.
inline Run<float> read_run(const Loop& loop, int k, const float* from, Extent count,
                           float* buffer) {
  const Extent step = loop.row_steps[k];
  if (loop.spread[k] == Loop::kElementRepeated) {
    // Whole vectors, the ends of which the next element overwrites; the last element is exact.
    const Extent last = count - loop.period;
    for (Extent done = 0; done < last; done += loop.period, from += step) {
      for (Extent i = 0; i < loop.period; i += simd::kLanes) {
        simd::store(buffer + done + i, simd::splat(*from));
      }
    }
    std::fill_n(buffer + last, loop.period, *from);
    return {buffer, 1};
  }
  if (loop.spread[k] == Loop::kRowRepeated) {
    const Extent first = std::min(loop.period, count);
    for (Extent i = 0; i < first; ++i) buffer[i] = from[i * step];
    for (Extent done = first; done < count;) {
      const Extent next = std::min(done, count - done);
      std::memcpy(buffer + done, buffer, static_cast<size_t>(next) * sizeof(float));
      done += next;
    }
    return {buffer, 1};
  }
  if (step != 0) return {read_row(from, step, count, buffer), 1};
  for (int i = 0; i < 4; ++i) buffer[i] = *from;
  return {buffer, 0};
}

}  // namespace heed::kernels

#include "kernels/scan.h"

#include <algorithm>
#include <cstring>

#include "kernels/elementwise_integer.h"

namespace heed::kernels {

namespace {

// An integer that orders floats as they are ordered, NaN above all. -0 equals 0.
int64_t sort_key(float value) {
  if (value != value) return INT64_MAX;
  if (value == 0) return 0;
  int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits < 0 ? -int64_t{bits & INT32_MAX} : int64_t{bits};
}

// The keys of `count` <= kMaxRow elements from offset `first` of x on.
void load_keys(DType dtype, const void* x, Extent first, Extent step, Extent count, int64_t* keys) {
  if (dtype != DType::kF32) {
    return load_integers(dtype, element(x, dtype, first), step, count, keys);
  }
  const float* from = static_cast<const float*>(x) + first;
  for (Extent i = 0; i < count; ++i) keys[i] = sort_key(from[i * step]);
}

// body(x offset, y offset) for every line.
template <class F>
void for_each_line(const Lines& lines, F body) {
  for_each_row(lines.kept, [&](const Extent* at, Extent count) {
    const Extent* steps = lines.kept.row_steps;
    for (Extent i = 0; i < count; ++i) body(at[0] + i * steps[0], at[1] + i * steps[1]);
  });
}

}  // namespace

void arg_extreme(const ArgExtreme& which, DType dtype, const Lines& lines, int64_t* y,
                 const void* x) {
  for_each_line(lines, [&](Extent from, Extent to) {
    int64_t best = 0;
    Extent place = -1;
    for_each_row_in_order(lines.line, [&](const Extent* at, Extent count) {
      int64_t keys[kMaxRow];
      load_keys(dtype, x, from + at[1], lines.line.row_steps[1], count, keys);
      for (Extent i = 0; i < count; ++i) {
        // A NaN is an extreme either way.
        const bool nan = dtype == DType::kF32 && keys[i] == INT64_MAX;
        const int64_t key = which.greatest || nan ? keys[i] : -keys[i];
        if (place < 0 || key > best || (which.last && key == best)) {
          best = key;
          place = at[0] + i;
        }
      }
    });
    y[to] = std::max<Extent>(place, 0);
  });
}

void top_k(const TopK& top, DType dtype, const Lines& lines, void* values, int64_t* positions,
           const void* x, TopKEntry* entries) {
  const Extent x_step = lines.line.row_steps[1], y_step = lines.line.row_steps[2];
  for_each_row_in_order(lines.kept, [&](const Extent* at, Extent count) {
    for (Extent i = 0; i < count; ++i) {
      const Extent from = at[0] + i * lines.kept.row_steps[0];
      const Extent to = at[1] + i * lines.kept.row_steps[1];
      for (Extent j = 0; j < lines.count; ++j) {
        load_keys(dtype, x, from + j * x_step, 1, 1, &entries[j].key);
        entries[j].position = j;
      }
      std::partial_sort(entries, entries + top.count, entries + lines.count,
                        [&](const TopKEntry& a, const TopKEntry& b) {
                          if (a.key != b.key) return top.greatest ? a.key > b.key : a.key < b.key;
                          return a.position < b.position;
                        });
      const size_t size = byte_size(dtype);
      for (Extent j = 0; j < top.count; ++j) {
        const Extent position = entries[j].position;
        std::memcpy(element(values, dtype, to + j * y_step),
                    element(x, dtype, from + position * x_step), size);
        positions[to + j * y_step] = position;
      }
    }
  });
}

void cumulative_sum(const CumulativeSum& kind, DType dtype, const Lines& lines, void* y,
                    const void* x) {
  const Extent x_step = lines.line.row_steps[1], y_step = lines.line.row_steps[2];
  for_each_line(lines, [&](Extent from, Extent to) {
    double real_sum = 0;
    uint64_t integer_sum = 0;
    for (Extent i = 0; i < lines.count; ++i) {
      const Extent j = kind.reversed ? lines.count - 1 - i : i;
      const Extent source = from + j * x_step, target = to + j * y_step;
      if (dtype == DType::kF32) {
        const double before = real_sum;
        real_sum += static_cast<double>(static_cast<const float*>(x)[source]);
        static_cast<float*>(y)[target] = static_cast<float>(kind.exclusive ? before : real_sum);
      } else {
        int64_t value;
        load_integers(dtype, element(x, dtype, source), 1, 1, &value);
        const uint64_t before = integer_sum;
        integer_sum += static_cast<uint64_t>(value);
        value = static_cast<int64_t>(kind.exclusive ? before : integer_sum);
        store_integers(dtype, element(y, dtype, target), 1, 1, &value);
      }
    }
  });
}

}  // namespace heed::kernels

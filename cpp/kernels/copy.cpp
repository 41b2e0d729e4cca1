#include "kernels/copy.h"

#include <algorithm>
#include <cstring>

#include "base/parallel.h"
#include "base/sort.h"
#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

using Axis = StridedCopy::Axis;

// Elements that are worth a thread of their own.
constexpr Extent kGrain = 1 << 16;

// A transposed block: its rows are written as two cache lines of floats, and its columns read as
// eight.
constexpr Extent kBlockRows = 32, kBlockColumns = 128;

// The offsets of an index that runs through `rank` axes in order.
class Walk {
 public:
  Walk(const Axis* axes, int rank, Extent start) : axes_(axes), rank_(rank) {
    for (int axis = rank - 1; axis >= 0; --axis) {
      index_[axis] = start % axes[axis].extent;
      start /= axes[axis].extent;
      from += index_[axis] * axes[axis].from;
      to += index_[axis] * axes[axis].to;
    }
  }

  void next() {
    for (int axis = rank_ - 1; axis >= 0; --axis) {
      from += axes_[axis].from;
      to += axes_[axis].to;
      if (++index_[axis] < axes_[axis].extent) return;
      from -= axes_[axis].extent * axes_[axis].from;
      to -= axes_[axis].extent * axes_[axis].to;
      index_[axis] = 0;
    }
  }

  Extent from = 0;
  Extent to = 0;

 private:
  const Axis* axes_;
  int rank_;
  Extent index_[kMaxRank] = {};
};

Extent count_of(const Axis* axes, int rank) {
  Extent count = 1;
  for (int axis = 0; axis < rank; ++axis) count *= axes[axis].extent;
  return count;
}

void copy_rows(const StridedCopy& copy, const std::byte* from, std::byte* to, size_t size) {
  const int outer = copy.rank - 1;
  const size_t bytes = static_cast<size_t>(copy.axes[outer].extent) * size;
  parallel_for(count_of(copy.axes, outer), kGrain / copy.axes[outer].extent + 1,
               [&](Extent begin, Extent end) {
                 Walk walk(copy.axes, outer, begin);
                 for (Extent row = begin; row < end; ++row, walk.next()) {
                   copy_row(from + walk.from * static_cast<ptrdiff_t>(size),
                            to + walk.to * static_cast<ptrdiff_t>(size), bytes);
                 }
               });
}

// Elements of one size: count of them, steps in elements.
using CopyLine = void (*)(const std::byte* from, Extent from_step, std::byte* to, Extent to_step,
                          Extent count);

template <class T>
void copy_line(const std::byte* from, Extent from_step, std::byte* to, Extent to_step,
               Extent count) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  if (from_step == 0 && to_step == 1) {
    std::fill_n(target, count, *source);
    return;
  }
  for (Extent i = 0; i < count; ++i, source += from_step, target += to_step) *target = *source;
}

CopyLine copy_line_of(size_t element_bytes) {
  switch (element_bytes) {
    case 1:
      return copy_line<uint8_t>;
    case 2:
      return copy_line<uint16_t>;
    case 4:
      return copy_line<uint32_t>;
    default:
      return copy_line<uint64_t>;
  }
}

void copy_lines(const StridedCopy& copy, const std::byte* from, std::byte* to, size_t size) {
  const int outer = copy.rank - 1;
  const Axis inner = copy.axes[outer];
  const CopyLine line = copy_line_of(size);
  parallel_for(count_of(copy.axes, outer), kGrain / inner.extent + 1,
               [&](Extent begin, Extent end) {
                 Walk walk(copy.axes, outer, begin);
                 for (Extent row = begin; row < end; ++row, walk.next()) {
                   line(from + walk.from * static_cast<ptrdiff_t>(size), inner.from,
                        to + walk.to * static_cast<ptrdiff_t>(size), inner.to, inner.extent);
                 }
               });
}

// to[c * column_step + r] = from[r * row_step + c] for r < rows, c < columns.
void transpose_block(const float* from, Extent row_step, float* to, Extent column_step, Extent rows,
                     Extent columns) {
  using namespace simd;
  for (Extent c = 0; c < columns; c += kLanes, from += kLanes, to += kLanes * column_step) {
    const int width = std::min<Extent>(columns - c, kLanes);
    const Extent whole = width == kLanes ? rows / kLanes * kLanes : 0;
    const float* source = from;
    for (Extent r = 0; r < whole; r += kLanes, source += kLanes * row_step) {
      f32x4 v0 = load(source), v1 = load(source + row_step);
      f32x4 v2 = load(source + 2 * row_step), v3 = load(source + 3 * row_step);
      transpose(v0, v1, v2, v3);
      store(to + r, v0);
      store(to + r + column_step, v1);
      store(to + r + 2 * column_step, v2);
      store(to + r + 3 * column_step, v3);
    }
    for (Extent r = whole; r < rows; r += kLanes) {
      const int height = std::min<Extent>(rows - r, kLanes);
      f32x4 v[kLanes] = {zero(), zero(), zero(), zero()};
      for (int i = 0; i < height; ++i, source += row_step) v[i] = load_partial(source, width);
      transpose(v[0], v[1], v[2], v[3]);
      for (int i = 0; i < width; ++i) store_partial(to + r + i * column_step, v[i], height);
    }
  }
}

// The innermost axis (rows: step 1 in `to`) against the one before it (columns: step 1 in `from`).
void transpose_axes(const StridedCopy& copy, const std::byte* from, std::byte* to, size_t size) {
  const int outer = copy.rank - 2;
  const Axis column = copy.axes[outer], row = copy.axes[outer + 1];
  const Extent row_blocks = (row.extent + kBlockRows - 1) / kBlockRows;
  const Extent blocks = row_blocks * ((column.extent + kBlockColumns - 1) / kBlockColumns);
  const CopyLine line = copy_line_of(size);
  const auto bytes = static_cast<ptrdiff_t>(size);
  constexpr Extent kBlocks = kGrain / kBlockRows / kBlockColumns;
  parallel_for(count_of(copy.axes, outer) * blocks, kBlocks, [&](Extent begin, Extent end) {
    Walk walk(copy.axes, outer, begin / blocks);
    Extent block = begin % blocks;
    for (Extent unit = begin; unit < end; ++unit) {
      const Extent r = block % row_blocks * kBlockRows, c = block / row_blocks * kBlockColumns;
      const Extent rows = std::min(kBlockRows, row.extent - r);
      const Extent columns = std::min(kBlockColumns, column.extent - c);
      const std::byte* source = from + (walk.from + r * row.from + c) * bytes;
      std::byte* target = to + (walk.to + c * column.to + r) * bytes;
      if (size == sizeof(float)) {
        transpose_block(reinterpret_cast<const float*>(source), row.from,
                        reinterpret_cast<float*>(target), column.to, rows, columns);
      } else {
        for (Extent i = 0; i < columns; ++i, source += bytes, target += column.to * bytes) {
          line(source, row.from, target, 1, rows);
        }
      }
      if (++block == blocks) {
        block = 0;
        walk.next();
      }
    }
  });
}

}  // namespace

void copy_row(const std::byte* from, std::byte* to, size_t bytes) {
  // A call of memcpy costs more than the loop below about 512 bytes.
  if (bytes > 512) {
    std::memcpy(to, from, bytes);
    return;
  }
  size_t done = 0;
  for (; done + 16 <= bytes; done += 16) {
    simd::store(reinterpret_cast<float*>(to + done),
                simd::load(reinterpret_cast<const float*>(from + done)));
  }
  for (; done < bytes; ++done) to[done] = from[done];
}

void fill_row(const void* value, void* to, Extent count, size_t element_bytes) {
  if (count == 0) return;  // of an empty tensor, whose pointer may be null
  switch (element_bytes) {
    case 1:
      std::memset(to, *static_cast<const uint8_t*>(value), static_cast<size_t>(count));
      return;
    case 2:
      std::fill_n(static_cast<uint16_t*>(to), count, *static_cast<const uint16_t*>(value));
      return;
    case 4:
      std::fill_n(static_cast<uint32_t*>(to), count, *static_cast<const uint32_t*>(value));
      return;
    default:
      std::fill_n(static_cast<uint64_t*>(to), count, *static_cast<const uint64_t*>(value));
  }
}

void StridedCopy::finish() {
  int kept = 0;
  for (int axis = 0; axis < rank; ++axis) {
    if (axes[axis].extent == 0) empty = true;
    if (axes[axis].extent != 1) axes[kept++] = axes[axis];
  }
  insertion_sort(axes, axes + kept, [](const Axis& a, const Axis& b) { return a.to > b.to; });
  int merged = 0;
  for (int axis = 0; axis < kept; ++axis) {
    const Axis inner = axes[axis];
    if (merged > 0 && axes[merged - 1].from == inner.extent * inner.from &&
        axes[merged - 1].to == inner.extent * inner.to) {
      axes[merged - 1] = {axes[merged - 1].extent * inner.extent, inner.from, inner.to};
    } else {
      axes[merged++] = inner;
    }
  }
  if (merged == 0) axes[merged++] = {1, 1, 1};
  rank = merged;
  // What a transpose reads in runs goes next to what it writes in runs.
  if (axes[rank - 1].from == 1) return;
  for (int axis = 0; axis < rank - 1; ++axis) {
    if (axes[axis].from == 1) {
      std::rotate(axes + axis, axes + axis + 1, axes + rank - 1);
      return;
    }
  }
}

StridedCopy make_copy(const Shape& shape, const Strides& from, const Strides& to) {
  StridedCopy copy;
  for (int axis = 0; axis < shape.rank(); ++axis) copy.add(shape[axis], from[axis], to[axis]);
  copy.finish();
  return copy;
}

void copy_strided(const StridedCopy& copy, const void* from, void* to, size_t element_bytes) {
  if (copy.empty) return;
  const int last = copy.rank - 1;
  const Axis inner = copy.axes[last];
  const bool transposes = last > 0 && inner.to == 1 && copy.axes[last - 1].from == 1;
  const auto run = inner.to == 1 && inner.from == 1 ? copy_rows
                   : transposes                     ? transpose_axes
                                                    : copy_lines;
  run(copy, static_cast<const std::byte*>(from), static_cast<std::byte*>(to), element_bytes);
}

}  // namespace heed::kernels

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

// Rows of a transposed block: 16 floats are the cache line that is written at once.
constexpr Extent kBlock = 16;

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

template <class T>
void copy_elements(const StridedCopy& copy, const T* from, T* to) {
  const int outer = copy.rank - 1;
  const Axis inner = copy.axes[outer];
  parallel_for(count_of(copy.axes, outer), kGrain / inner.extent + 1,
               [&](Extent begin, Extent end) {
                 Walk walk(copy.axes, outer, begin);
                 for (Extent row = begin; row < end; ++row, walk.next()) {
                   const T* source = from + walk.from;
                   T* target = to + walk.to;
                   if (inner.from == 0 && inner.to == 1) {
                     std::fill_n(target, inner.extent, *source);
                     continue;
                   }
                   for (Extent i = 0; i < inner.extent; ++i) {
                     *target = *source;
                     source += inner.from;
                     target += inner.to;
                   }
                 }
               });
}

// to[c * column_step + r] = from[r * row_step + c] for r < rows <= kBlock, c < columns.
template <class T>
void transpose_block(const T* from, Extent row_step, T* to, Extent column_step, Extent rows,
                     Extent columns) {
  for (Extent c = 0; c < columns; ++c, ++from, to += column_step) {
    const T* source = from;
    for (Extent r = 0; r < rows; ++r, source += row_step) to[r] = *source;
  }
}

template <>
void transpose_block(const uint32_t* from, Extent row_step, uint32_t* to, Extent column_step,
                     Extent rows, Extent columns) {
  using namespace simd;
  for (Extent c = 0; c < columns; c += kLanes) {
    const int width = std::min<Extent>(columns - c, kLanes);
    for (Extent r = 0; r < rows; r += kLanes) {
      const int height = std::min<Extent>(rows - r, kLanes);
      const auto* source = reinterpret_cast<const float*>(from + r * row_step + c);
      auto* target = reinterpret_cast<float*>(to + c * column_step + r);
      if (width == kLanes && height == kLanes) {
        f32x4 v0 = load(source), v1 = load(source + row_step);
        f32x4 v2 = load(source + 2 * row_step), v3 = load(source + 3 * row_step);
        transpose(v0, v1, v2, v3);
        store(target, v0);
        store(target + column_step, v1);
        store(target + 2 * column_step, v2);
        store(target + 3 * column_step, v3);
      } else {
        f32x4 v[kLanes] = {zero(), zero(), zero(), zero()};
        for (int i = 0; i < height; ++i) v[i] = load_partial(source + i * row_step, width);
        transpose(v[0], v[1], v[2], v[3]);
        for (int i = 0; i < width; ++i) store_partial(target + i * column_step, v[i], height);
      }
    }
  }
}

// The innermost axis (rows: step 1 in `to`) against the one before it (columns: step 1 in `from`).
template <class T>
void transpose_axes(const StridedCopy& copy, const T* from, T* to) {
  const int outer = copy.rank - 2;
  const Axis column = copy.axes[outer], row = copy.axes[outer + 1];
  const Extent blocks = (row.extent + kBlock - 1) / kBlock;
  const Extent grain = kGrain / kBlock / column.extent + 1;
  parallel_for(count_of(copy.axes, outer) * blocks, grain, [&](Extent begin, Extent end) {
    Walk walk(copy.axes, outer, begin / blocks);
    Extent block = begin % blocks;
    for (Extent unit = begin; unit < end; ++unit) {
      const Extent first = block * kBlock;
      transpose_block<T>(from + walk.from + first * row.from, row.from, to + walk.to + first,
                         column.to, std::min(kBlock, row.extent - first), column.extent);
      if (++block == blocks) {
        block = 0;
        walk.next();
      }
    }
  });
}

template <class T>
void copy_typed(const StridedCopy& copy, const void* from, void* to) {
  const auto* source = static_cast<const T*>(from);
  auto* target = static_cast<T*>(to);
  const int inner = copy.rank - 1;
  if (inner > 0 && copy.axes[inner].to == 1 && copy.axes[inner - 1].from == 1) {
    transpose_axes(copy, source, target);
  } else {
    copy_elements(copy, source, target);
  }
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
  const Axis inner = copy.axes[copy.rank - 1];
  if (inner.to == 1 && inner.from == 1) {
    return copy_rows(copy, static_cast<const std::byte*>(from), static_cast<std::byte*>(to),
                     element_bytes);
  }
  switch (element_bytes) {
    case 1:
      return copy_typed<uint8_t>(copy, from, to);
    case 2:
      return copy_typed<uint16_t>(copy, from, to);
    case 4:
      return copy_typed<uint32_t>(copy, from, to);
    default:
      return copy_typed<uint64_t>(copy, from, to);
  }
}

}  // namespace heed::kernels

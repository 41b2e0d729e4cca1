#include "kernels/indexed_copy.h"

#include "base/parallel.h"
#include "kernels/copy.h"

namespace heed::kernels {

namespace {

template <class T>
void copy_inner(const Extent* table, Extent extent, const std::byte* from, std::byte* to,
                const void* fill) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  for (Extent i = 0; i < extent; ++i) {
    const Extent at = table[i];
    target[i] = at == IndexedCopy::kFill ? *static_cast<const T*>(fill) : source[at];
  }
}

}  // namespace

void copy_indexed(const IndexedCopy& copy, const Extent* tables, const void* from, void* to,
                  const void* fill, size_t element_bytes) {
  const auto size = static_cast<ptrdiff_t>(element_bytes);
  const Extent length = copy.run > 0 ? copy.lead + copy.run + copy.tail : copy.inner_extent;
  Extent rows = 1;
  for (int axis = 0; axis < copy.rank; ++axis) rows *= copy.axes[axis].extent;
  if (length == 0) return;

  parallel_for(rows, (1 << 16) / length + 1, [&](Extent begin, Extent end) {
    Extent index[kMaxRank] = {};
    for (int axis = copy.rank - 1, rest = begin; axis >= 0; --axis) {
      index[axis] = rest % copy.axes[axis].extent;
      rest /= copy.axes[axis].extent;
    }
    for (Extent row = begin; row < end; ++row) {
      Extent source_at = copy.from, target_at = 0;
      bool filled = false;
      for (int axis = 0; axis < copy.rank; ++axis) {
        const Extent at = tables[copy.axes[axis].table + index[axis]];
        filled |= at == IndexedCopy::kFill;
        source_at += at;
        target_at += index[axis] * copy.axes[axis].to;
      }
      std::byte* target = static_cast<std::byte*>(to) + target_at * size;
      // With a filled row the sum of offsets means nothing, and may not even be turned into a
      // pointer.
      const std::byte* source =
          static_cast<const std::byte*>(from) + (filled ? 0 : source_at) * size;
      if (copy.run > 0) {
        const Extent lead = filled ? length : copy.lead;
        if (lead > 0) fill_row(fill, target, lead, element_bytes);
        if (!filled) {
          target += lead * size;
          copy_row(source, target, static_cast<size_t>(copy.run) * element_bytes);
          target += copy.run * size;
          if (copy.tail > 0) fill_row(fill, target, copy.tail, element_bytes);
        }
      } else if (filled) {
        fill_row(fill, target, length, element_bytes);
      } else {
        const Extent* table = tables + copy.inner_table;
        switch (element_bytes) {
          case 1:
            copy_inner<uint8_t>(table, length, source, target, fill);
            break;
          case 2:
            copy_inner<uint16_t>(table, length, source, target, fill);
            break;
          case 4:
            copy_inner<uint32_t>(table, length, source, target, fill);
            break;
          default:
            copy_inner<uint64_t>(table, length, source, target, fill);
        }
      }
      for (int axis = copy.rank - 1; axis >= 0; --axis) {
        if (++index[axis] < copy.axes[axis].extent) break;
        index[axis] = 0;
      }
    }
  });
}

}  // namespace heed::kernels

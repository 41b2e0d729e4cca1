#include "base/sort.h"

namespace heed {

void heap_sort(size_t size, FunctionRef<bool(size_t, size_t)> less,
               FunctionRef<void(size_t, size_t)> swap) {
  // While the heap is made, `begin` moves to the front; then `end` does, the greatest behind it.
  size_t begin = size / 2, end = size;
  while (end > 1) {
    if (begin > 0) {
      --begin;
    } else {
      swap(0, --end);
    }
    for (size_t parent = begin, child; (child = 2 * parent + 1) < end; parent = child) {
      if (child + 1 < end && less(child, child + 1)) ++child;
      if (!less(parent, child)) break;
      swap(parent, child);
    }
  }
}

}  // namespace heed

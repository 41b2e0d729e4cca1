#include "graph/memory_plan.h"

#include <algorithm>

namespace heed {

size_t place_in_arena(std::vector<Lifetime*>& buffers, size_t base) {
  std::stable_sort(buffers.begin(), buffers.end(),
                   [](const Lifetime* a, const Lifetime* b) { return a->bytes > b->bytes; });
  std::vector<const Lifetime*> placed;  // by offset
  size_t end = base;
  for (Lifetime* buffer : buffers) {
    if (buffer->bytes > SIZE_MAX / 2) return SIZE_MAX;
    const size_t bytes = (buffer->bytes + kArenaAlignment - 1) & ~(kArenaAlignment - 1);
    size_t offset = base;
    for (const Lifetime* other : placed) {
      if (other->last < buffer->first || buffer->last < other->first) continue;
      if (other->offset >= offset + bytes) break;
      offset = std::max(
          offset, (other->offset + other->bytes + kArenaAlignment - 1) & ~(kArenaAlignment - 1));
    }
    if (offset > SIZE_MAX - bytes - kArenaAlignment) return SIZE_MAX;
    buffer->offset = offset;
    end = std::max(end, offset + bytes);
    const auto after = std::upper_bound(
        placed.begin(), placed.end(), buffer,
        [](const Lifetime* a, const Lifetime* b) { return a->offset < b->offset; });
    placed.insert(after, buffer);
  }
  return end;
}

}  // namespace heed

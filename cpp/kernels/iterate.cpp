#include "kernels/iterate.h"

#include <algorithm>

#include "base/parallel.h"

namespace heed::kernels {

namespace {

// A piece of work below this many elements is not worth a thread.
constexpr Extent kGrain = 32768;

// Whether axis `outer` continues where axis `inner` ends, in every operand.
bool mergeable(std::span<const Strides> operands, int outer, int inner, Extent inner_extent) {
  return std::all_of(operands.begin(), operands.end(), [&](const Strides& strides) {
    return strides[outer] == int64_t{strides[inner]} * inner_extent;
  });
}

// Fills in how many pieces there are.
void cut_rows(Loop& loop) {
  Extent rows = 1;
  for (int axis = 0; axis < loop.rank; ++axis) rows *= loop.extents[axis];
  loop.blocks = (loop.row + loop.piece - 1) / loop.piece;
  loop.row_blocks = rows * loop.blocks;
}

}  // namespace

Loop make_loop(const Shape& shape, std::span<const Strides> operands) {
  Loop loop;
  loop.operands = static_cast<int>(operands.size());

  // Axes of more than one element, slowest first. Insertion keeps the logical order among equals.
  int axes[kMaxRank];
  int rank = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    int at = rank++;
    while (at > 0 && operands[0][axes[at - 1]] < operands[0][axis]) {
      axes[at] = axes[at - 1];
      --at;
    }
    axes[at] = axis;
  }

  // Merged from the fastest to the slowest; `group` holds the fastest axis of each group.
  Extent extents[kMaxRank];
  int group[kMaxRank];
  int groups = 0;
  for (int i = rank - 1; i >= 0; --i) {
    const int axis = axes[i];
    if (groups > 0 && mergeable(operands, axis, group[groups - 1], extents[groups - 1])) {
      extents[groups - 1] *= shape[axis];
    } else {
      extents[groups] = shape[axis];
      group[groups++] = axis;
    }
  }

  loop.row = groups > 0 ? extents[0] : 1;
  for (size_t k = 0; k < operands.size() && groups > 0; ++k) {
    loop.row_steps[k] = operands[k][group[0]];
  }
  loop.rank = std::max(groups - 1, 0);
  for (int i = 0; i < loop.rank; ++i) {
    const int from = groups - 1 - i;
    loop.extents[i] = extents[from];
    for (size_t k = 0; k < operands.size(); ++k) loop.steps[k][i] = operands[k][group[from]];
  }
  cut_rows(loop);
  return loop;
}

Loop make_periodic_loop(const Shape& shape, std::span<const Strides> operands) {
  Loop loop = make_loop(shape, operands);
  if (loop.rank == 0 || loop.row < 2 || loop.row > kMaxRow / 4) return loop;
  const int axis = loop.rank - 1;
  for (int k = 0; k < loop.operands; ++k) {
    const Extent outer = loop.steps[k][axis], inner = loop.row_steps[k];
    if (outer == loop.row * inner) continue;
    if (k == 0 || (outer != 0 && inner != 0)) {
      std::fill_n(loop.spread, kMaxOperands, Loop::kMerged);
      return loop;
    }
    loop.spread[k] = inner != 0 ? Loop::kRowRepeated : Loop::kElementRepeated;
  }
  for (int k = 0; k < loop.operands; ++k) {
    if (loop.spread[k] == Loop::kElementRepeated) loop.row_steps[k] = loop.steps[k][axis];
  }
  loop.period = loop.row;
  loop.piece = kMaxRow / loop.period * loop.period;
  loop.row *= loop.extents[axis];
  --loop.rank;
  cut_rows(loop);
  return loop;
}

void walk_rows(const Loop& loop, Extent begin, Extent end, const RowTask& task) {
  if (begin >= end) return;
  Extent index[kMaxRank] = {};
  Extent at[kMaxOperands] = {};
  Extent block = begin % loop.blocks;
  Extent rest = begin / loop.blocks;
  for (int axis = loop.rank - 1; axis >= 0; --axis) {
    index[axis] = rest % loop.extents[axis];
    rest /= loop.extents[axis];
    for (int k = 0; k < loop.operands; ++k) at[k] += index[axis] * loop.steps[k][axis];
  }
  for (Extent row = begin; row < end; ++row) {
    if (loop.blocks == 1) {
      task(at, loop.row);
    } else {
      const Extent first = block * loop.piece;
      Extent shifted[kMaxOperands];
      for (int k = 0; k < loop.operands; ++k) {
        const Extent passed = loop.spread[k] == Loop::kMerged        ? first
                              : loop.spread[k] == Loop::kRowRepeated ? 0
                                                                     : first / loop.period;
        shifted[k] = at[k] + passed * loop.row_steps[k];
      }
      task(shifted, std::min(loop.piece, loop.row - first));
      if (++block < loop.blocks) continue;
      block = 0;
    }
    for (int axis = loop.rank - 1; axis >= 0; --axis) {
      for (int k = 0; k < loop.operands; ++k) at[k] += loop.steps[k][axis];
      if (++index[axis] < loop.extents[axis]) break;
      index[axis] = 0;
      for (int k = 0; k < loop.operands; ++k) at[k] -= loop.extents[axis] * loop.steps[k][axis];
    }
  }
}

void walk_rows_in_parallel(const Loop& loop, const RowTask& task) {
  const Extent row = std::max<Extent>(1, std::min(loop.row, kMaxRow));
  parallel_for(loop.row_blocks, std::max<Extent>(1, kGrain / row),
               [&](Extent begin, Extent end) { walk_rows(loop, begin, end, task); });
}

}  // namespace heed::kernels

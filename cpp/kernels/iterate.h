// The driver of element-wise work on tensors of any rank, layout and broadcasting.
#pragma once

#include <span>

#include "base/shape.h"

namespace heed::kernels {

// Row kernels get at most this many elements at once, so that a row's operands and intermediate
// results stay in the first level cache and buffers for them fit on the stack.
inline constexpr Extent kMaxRow = 512;

inline constexpr int kMaxOperands = 6;

// A nest of loops over several tensors at once. Axes of extent 1 are gone, axes that lie behind one
// another in every operand are merged, the axis with the smallest step in operand 0 is the row.
struct Loop {
  int rank = 0;  // of the axes outside the row
  int operands = 0;
  Extent extents[kMaxRank] = {};              // slowest first
  Extent steps[kMaxOperands][kMaxRank] = {};  // in elements of that operand
  Extent row = 0;                             // elements in a row
  Extent row_steps[kMaxOperands] = {};
  // A row may run over two axes, the inner one of `period` elements, of which some operands have
  // one only: they repeat that row for each element of the outer axis, or each element of the outer
  // axis (row_steps apart) for a period. The others merge. 0: no operand is such.
  Extent period = 0;
  enum Spread : uint8_t { kMerged, kRowRepeated, kElementRepeated };
  Spread spread[kMaxOperands] = {};
  Extent piece = kMaxRow;  // rows are cut into pieces of so many elements, a multiple of the period
  Extent blocks = 0;       // pieces of at most kMaxRow elements that a row is cut into
  Extent row_blocks = 0;   // pieces in all
};

// The loop over all indices of `shape`; `operands[i]` are the steps of operand i along its axes (0
// where it is broadcast). Operand 0 is the one whose memory order decides the order of the walk:
// the output.
Loop make_loop(const Shape& shape, std::span<const Strides> operands);

// The same with operands that repeat where that makes short rows long, as in a (N,C,H,W) tensor
// with few channels last, or few positions in a channel, times a (1,C,1,1) one: for row kernels
// that read their operands through read_row and read_run of row.h. Operand 0 never repeats.
Loop make_periodic_loop(const Shape& shape, std::span<const Strides> operands);

// A reference to a callable `void(const Extent* at, Extent count)`: `at[i]` is the offset of the
// row's first element in operand i, `count` <= kMaxRow; the elements after it follow at
// loop.row_steps[i].
class RowTask {
 public:
  template <class F>
  RowTask(F& body)
      : body_(&body),
        call_([](void* f, const Extent* at, Extent count) { (*static_cast<F*>(f))(at, count); }) {}
  void operator()(const Extent* at, Extent count) const { call_(body_, at, count); }

 private:
  void* body_;
  void (*call_)(void*, const Extent*, Extent);
};

// Calls `task` for the row pieces begin..end (of loop.row_blocks), one after the other.
void walk_rows(const Loop& loop, Extent begin, Extent end, const RowTask& task);

// Calls it for all of them, perhaps on several threads at the same time.
void walk_rows_in_parallel(const Loop& loop, const RowTask& task);

template <class F>
void for_each_row(const Loop& loop, F&& body) {
  walk_rows_in_parallel(loop, RowTask(body));
}
// In order, on this thread: for loops inside loops.
template <class F>
void for_each_row_in_order(const Loop& loop, F&& body) {
  walk_rows(loop, 0, loop.row_blocks, RowTask(body));
}

}  // namespace heed::kernels

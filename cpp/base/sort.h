// Sorting in little code: std::sort is 2 KB for every type.
#pragma once

#include <utility>
#include <vector>

#include "base/function_ref.h"

namespace heed {

// Insertion sort: stable, quadratic, and a tenth of the code of std::sort. For axes and the like.
template <class Iterator, class Less>
void insertion_sort(Iterator first, Iterator last, Less less) {
  for (Iterator next = first; next != last; ++next) {
    auto value = std::move(*next);
    Iterator place = next;
    for (; place != first && less(value, *(place - 1)); --place) *place = std::move(*(place - 1));
    *place = std::move(value);
  }
}

// Heap sort of the elements 0 .. size - 1, not stable; n log n, and one function for all types.
void heap_sort(size_t size, FunctionRef<bool(size_t, size_t)> less,
               FunctionRef<void(size_t, size_t)> swap);

template <class T, class Less>
void heap_sort(std::vector<T>& values, Less less) {
  heap_sort(
      values.size(), [&](size_t a, size_t b) { return less(values[a], values[b]); },
      [&](size_t a, size_t b) { std::swap(values[a], values[b]); });
}

}  // namespace heed

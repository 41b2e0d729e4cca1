// Sorting of a handful of elements.
#pragma once

#include <utility>

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

}  // namespace heed

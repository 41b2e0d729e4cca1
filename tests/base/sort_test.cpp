#include "base/sort.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>

using namespace heed;

TEST_CASE("both sorts order what they are given", "[sort]") {
  for (const int size : {0, 1, 2, 3, 4, 7, 8, 9, 100}) {
    for (const int step : {1, 3, 37, 0}) {  // 0: all are equal
      std::vector<int> values;
      for (int i = 0; i < size; ++i) values.push_back(i * step % 101);
      std::vector<int> expected = values, inserted = values;
      std::sort(expected.begin(), expected.end());
      heap_sort(values, std::less<int>());
      insertion_sort(inserted.begin(), inserted.end(), std::less<int>());
      CHECK(values == expected);
      CHECK(inserted == expected);
    }
  }
}

TEST_CASE("values that own memory are swapped, not copied", "[sort]") {
  std::vector<std::string> names = {"norm.weight", "fc.bias", "a name that has no room in place",
                                    ""};
  heap_sort(names, std::less<std::string>());
  CHECK(names ==
        std::vector<std::string>{"", "a name that has no room in place", "fc.bias", "norm.weight"});
}

#include "base/status.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "base/parallel.h"

using namespace heed;

TEST_CASE("every code has a text of its own", "[status]") {
  std::set<std::string_view> names;
  int count = 0;
#define HEED_CODE(name, text)           \
  CHECK(code_name(Code::name) == text); \
  names.insert(code_name(Code::name));  \
  ++count;
  HEED_CODES(HEED_CODE)
#undef HEED_CODE
  CHECK(static_cast<int>(names.size()) == count);
}

TEST_CASE("messages join texts and numbers", "[status]") {
  CHECK(join("axis ", -3, " of ", int64_t{1} << 40, " or ", 7u) == "axis -3 of 1099511627776 or 7");
  CHECK(join(0.5, " ", -2.0f, " ", 1e-3, " ", 0.1f) == "0.5 -2 0.001 0.1");
  CHECK(join(0.9999999, " ", -0.0, " ", 123456.789) == "1 0 123456.789");
  CHECK(join(std::nan(""), " ", 1e30, " ", INT64_MIN) ==
        "NaN a number over 9e15 -9223372036854775808");
}

TEST_CASE("a result is a value or the status that says why there is none", "[status]") {
  const Result<int> good = 5;
  CHECK(good.ok());
  CHECK(good.value() == 5);
  const Result<int> bad = error(Code::kWrongShape, "rank ", 3);
  CHECK_FALSE(bad.ok());
  CHECK(bad.status().code == Code::kWrongShape);
  CHECK(bad.status().message == "rank 3");
}

TEST_CASE("parallel_for covers every index once, and calls nothing for no work", "[parallel]") {
  std::vector<int> seen(100, 0);
  parallel_for(100, 8, [&](Extent begin, Extent end) {
    for (Extent i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
  });
  CHECK(seen == std::vector<int>(100, 1));
  bool called = false;
  parallel_for(0, 8, [&](Extent, Extent) { called = true; });
  CHECK_FALSE(called);
}

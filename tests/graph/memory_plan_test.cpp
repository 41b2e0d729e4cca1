#include "graph/memory_plan.h"

#include <catch2/catch.hpp>
#include <random>

using heed::Lifetime;

namespace {

size_t place(std::vector<Lifetime>& buffers, size_t base = 0) {
  std::vector<Lifetime*> pointers;
  for (Lifetime& buffer : buffers) pointers.push_back(&buffer);
  return heed::place_in_arena(pointers, base);
}

bool overlap(const Lifetime& a, const Lifetime& b) {
  const bool in_time = a.first <= b.last && b.first <= a.last;
  const bool in_space = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
  return in_time && in_space;
}

}  // namespace

TEST_CASE("a chain of buffers needs room for two at a time") {
  std::vector<Lifetime> chain;
  for (int32_t step = 0; step < 10; ++step) chain.push_back({1024, step, step + 1});
  CHECK(place(chain) == 2048);
}

TEST_CASE("no arena is placed below its base, and an empty plan ends there") {
  std::vector<Lifetime> none;
  CHECK(place(none, 4096) == 4096);
  std::vector<Lifetime> one = {{100, 0, 1}};
  CHECK(place(one, 4096) == 4096 + 128);
  CHECK(one[0].offset == 4096);
}

TEST_CASE("buffers that live at the same time never share bytes") {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> buffers;
    size_t largest_sum = 0;
    for (int i = 0; i < 60; ++i) {
      const auto first = static_cast<int32_t>(random() % 40);
      buffers.push_back({random() % 5000, first, first + static_cast<int32_t>(random() % 10)});
    }
    const size_t end = place(buffers);
    for (int32_t now = 0; now < 50; ++now) {
      size_t live = 0;
      for (const Lifetime& b : buffers) live += b.first <= now && now <= b.last ? b.bytes : 0;
      largest_sum = std::max(largest_sum, live);
    }
    CHECK(end >= largest_sum);
    for (size_t i = 0; i < buffers.size(); ++i) {
      CHECK(buffers[i].offset % heed::kArenaAlignment == 0);
      CHECK(buffers[i].offset + buffers[i].bytes <= end);
      for (size_t j = 0; j < i; ++j) CHECK_FALSE(overlap(buffers[i], buffers[j]));
    }
  }
}

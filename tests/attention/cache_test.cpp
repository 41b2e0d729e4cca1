// Attention with a cache that the session keeps: given in steps, the same as at once.
#include <catch2/catch.hpp>

#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Extent kHeads = 4, kKvHeads = 2, kWidth = 6, kCapacity = 11;

Result<std::unique_ptr<Session>> cached_session(const std::string& rotary) {
  GraphBuilder g;
  std::vector<TensorId> inputs;
  for (const char* name : {"q", "k", "v"}) {
    const TensorId id = g.input(name, {});
    g.graph().tensor(id).ranked = false;
    inputs.push_back(id);
  }
  const auto results = g.node_with_outputs(2, "CachedAttention", inputs,
                                           {{"heads", int64_t{kHeads}},
                                            {"kv_heads", int64_t{kKvHeads}},
                                            {"capacity", int64_t{kCapacity}},
                                            {"rotary", rotary}},
                                           "heed");
  return Session::create(g.build(results));
}

HostTensor tokens(Extent batch, Extent rows, Extent channels, uint32_t seed) {
  const auto values = random_floats(static_cast<size_t>(batch * rows * channels), seed);
  return host_tensor(std::span<const float>(values), Shape{batch, rows, channels});
}

// Rows begin..end of (batch, rows, channels).
HostTensor rows_of(const HostTensor& all, Extent begin, Extent end) {
  std::vector<float> values;
  const Extent rows = all.shape[1], channels = all.shape[2];
  for (Extent b = 0; b < all.shape[0]; ++b) {
    const float* first = all.values<float>().data() + (b * rows + begin) * channels;
    values.insert(values.end(), first, first + (end - begin) * channels);
  }
  return host_tensor(std::span<const float>(values), Shape{all.shape[0], end - begin, channels});
}

struct Tokens {
  HostTensor q, k, v;
  Tokens(Extent batch, Extent rows)
      : q(tokens(batch, rows, kHeads * kWidth, 1)),
        k(tokens(batch, rows, kKvHeads * kWidth, 2)),
        v(tokens(batch, rows, kKvHeads * kWidth, 3)) {}
  Result<std::vector<HostTensor>> give(Session& session, Extent begin, Extent end) const {
    const HostTensor inputs[] = {rows_of(q, begin, end), rows_of(k, begin, end),
                                 rows_of(v, begin, end)};
    return run(session, inputs);
  }
};

}  // namespace

TEST_CASE("a cache that is filled in steps gives the rows of the whole", "[cache]") {
  const std::string rotary = GENERATE("none", "half", "interleaved");
  const Extent batch = GENERATE(1, 2);
  const Tokens given(batch, 9);
  const auto at_once = cached_session(rotary);
  REQUIRE(at_once.status().message == "");
  const auto whole = given.give(*at_once.value(), 0, 9);
  REQUIRE(whole.status().message == "");
  CHECK(whole.value()[1].shape == Shape{batch, kHeads, 9, 9});

  const auto session = cached_session(rotary);
  for (const auto [begin, end] : {std::pair{0, 4}, {4, 5}, {5, 6}, {6, 9}}) {
    CHECK(session.value()->cache_length() == begin);
    const auto step = given.give(*session.value(), begin, end);
    REQUIRE(step.status().message == "");
    CHECK(difference(step.value()[0], rows_of(whole.value()[0], begin, end), {1e-5, 1e-6}) == "");
    REQUIRE(step.value()[1].shape == Shape{batch, kHeads, end - begin, end});
    // The map's row i of head h, up to the last key.
    const auto map = step.value()[1].values<float>(), full = whole.value()[1].values<float>();
    double worst = 0;
    for (Extent image_head = 0; image_head < batch * kHeads; ++image_head) {
      for (Extent i = begin; i < end; ++i) {
        for (Extent j = 0; j < end; ++j) {
          const double a =
              map[static_cast<size_t>((image_head * (end - begin) + i - begin) * end + j)];
          const double b = full[static_cast<size_t>((image_head * 9 + i) * 9 + j)];
          worst = std::max(worst, std::abs(a - b));
        }
      }
    }
    CHECK(worst < 1e-6);
  }
}

TEST_CASE("without rotary embedding a cache is causal attention of grouped heads", "[cache]") {
  const Tokens given(2, 7);
  const auto session = cached_session("none");
  const auto cached = given.give(*session.value(), 0, 7);
  REQUIRE(cached.status().message == "");
  // The specification, in double.
  const auto q = given.q.values<float>(), k = given.k.values<float>(), v = given.v.values<float>();
  std::vector<float> expected;
  for (Extent b = 0; b < 2; ++b) {
    for (Extent i = 0; i < 7; ++i) {
      for (Extent h = 0; h < kHeads; ++h) {
        const Extent group = h / (kHeads / kKvHeads);
        const auto at = [&](auto& all, Extent row, Extent head, Extent heads) {
          return all.data() + ((b * 7 + row) * heads + head) * kWidth;
        };
        double sums[kWidth] = {}, total = 0;
        for (Extent j = 0; j <= i; ++j) {
          double dot = 0;
          for (Extent e = 0; e < kWidth; ++e)
            dot += double{at(q, i, h, kHeads)[e]} * at(k, j, group, kKvHeads)[e];
          const double weight = std::exp(dot / std::sqrt(double{kWidth}));
          total += weight;
          for (Extent e = 0; e < kWidth; ++e) sums[e] += weight * at(v, j, group, kKvHeads)[e];
        }
        for (double sum : sums) expected.push_back(static_cast<float>(sum / total));
      }
    }
  }
  const HostTensor reference =
      host_tensor(std::span<const float>(expected), Shape{2, 7, kHeads * kWidth});
  CHECK(difference(cached.value()[0], reference, {1e-5, 1e-6}) == "");
}

TEST_CASE("a cache is cut, reset and never overfilled", "[cache]") {
  const Tokens given(1, 12);
  const auto made = cached_session("half");
  Session& session = *made.value();
  const auto whole = given.give(session, 0, 9);
  REQUIRE(whole.status().message == "");
  REQUIRE(session.truncate_cache(5).ok());
  const auto again = given.give(session, 5, 8);
  REQUIRE(again.status().message == "");
  CHECK(difference(again.value()[0], rows_of(whole.value()[0], 5, 8), {1e-5, 1e-6}) == "");

  CHECK(session.truncate_cache(9).code == Code::kWrongValue);
  CHECK(session.truncate_cache(-1).code == Code::kWrongValue);
  CHECK(session.cache_length() == 8);
  const auto full = given.give(session, 8, 12);
  CHECK(full.status().code == Code::kWrongShape);
  CHECK(full.status().message.find("the cache keeps 8 of at most 11") != std::string_view::npos);
  // Nothing is lost, and what fits goes on.
  CHECK(session.cache_length() == 8);
  const auto fits = given.give(session, 8, 9);
  REQUIRE(fits.status().message == "");
  CHECK(difference(fits.value()[0], rows_of(whole.value()[0], 8, 9), {1e-5, 1e-6}) == "");

  const Tokens pair(2, 3);
  CHECK(pair.give(session, 0, 3).status().code == Code::kWrongShape);
  REQUIRE(session.truncate_cache(0).ok());
  CHECK(pair.give(session, 0, 3).status().message == "");
}

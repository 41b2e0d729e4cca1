// Attention does not make the score matrix unless the map is asked for: memory grows with the
// length, not with its square. And a gate takes no room of the feature map's size.
#include <catch2/catch.hpp>

#include "attention/layer.h"
#include "graph/optimize.h"
#include "graph/session.h"

using namespace heed;

namespace {

std::unique_ptr<Session> session_of(const attention::Layer& layer) {
  Result<Graph> graph = attention::build_layer(layer, nullptr);
  REQUIRE(graph.status().message == "");
  REQUIRE(optimize(graph.value()).message == "");
  auto session = Session::create(std::move(graph.value()));
  REQUIRE(session.status().message == "");
  return std::move(session.value());
}

size_t arena(Session& session, std::vector<Shape> inputs, bool map) {
  Request request;
  request.inputs = std::move(inputs);
  request.outputs = session.graph().outputs;
  if (map) request.blocks = {0};
  REQUIRE(session.prepare(request).message == "");
  return session.memory().arena_bytes;
}

}  // namespace

TEST_CASE("scaled dot-product attention of 256 to 8192 tokens", "[memory]") {
  const auto session = session_of({"ScaledDotProductAttention", "", {}, {}});
  constexpr Extent kHeads = 2, kWidth = 64;
  const auto bytes = [&](Extent length, bool map) {
    const Shape one{1, kHeads, length, kWidth};
    return arena(*session, {one, one, one}, map);
  };
  size_t before = bytes(256, false);
  for (Extent length = 512; length <= 8192; length *= 2) {
    const size_t now = bytes(length, false);
    INFO(length << " tokens: " << now << " bytes");
    CHECK(now <= 2 * before + 65536);
    // q, k, v and y, and panels of the keys and values of one head.
    CHECK(now < size_t{8} * kHeads * length * kWidth * sizeof(float));
    before = now;
  }
  // The map is as large as it is.
  CHECK(bytes(1024, true) > size_t{kHeads} * 1024 * 1024 * sizeof(float));
}

TEST_CASE("position attention of a feature map grows with its positions", "[memory]") {
  const auto session = session_of({"PositionAttention", "", {{"channels", 16}}, {}});
  const size_t small = arena(*session, {Shape{1, 16, 16, 16}}, false);
  const size_t large = arena(*session, {Shape{1, 16, 64, 64}}, false);
  CHECK(large < 20 * small);
  CHECK(large < size_t{4096} * 4096);  // a quarter of the score matrix
}

TEST_CASE("a gate needs the feature map and its result, and no other of that size", "[memory]") {
  for (const char* kind : {"SqueezeExcite", "ChannelAttention", "ECA", "CBAM"}) {
    INFO(kind);
    const auto session = session_of({kind, "", {{"channels", 64}}, {}});
    const Shape x{1, 64, 56, 56};
    const size_t bytes = static_cast<size_t>(x.count()) * sizeof(float);
    CHECK(arena(*session, {x}, false) < bytes * 21 / 10);
  }
}

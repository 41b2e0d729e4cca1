// Shapes that need more memory than there is give an error, and the session goes on. Compiled to
// WebAssembly, where a size_t has 32 bits, these sums would wrap around.
#include <catch2/catch.hpp>

#include "graph/memory_plan.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

// y = x + x, for any (n).
std::unique_ptr<Session> doubling_session(size_t memory_limit = SIZE_MAX) {
  GraphBuilder g;
  const TensorId x = g.input("x", {1});
  g.graph().tensor(x).dims[0].extent = -1;
  Graph graph = g.build({g.node("Add", {x, x})});
  auto session = Session::create(std::move(graph), {.memory_limit = memory_limit});
  REQUIRE(session.ok());
  return std::move(session.value());
}

void check_still_works(Session& session) {
  const auto outputs = run(session, std::vector{host_tensor<float>({1, 2, 3}, Shape{3})});
  REQUIRE(outputs.ok());
  CHECK(outputs.value()[0].values<float>()[2] == 6);
}

}  // namespace

TEST_CASE("a shape of too many elements is refused before anything is planned") {
  CHECK(Shape::make(std::vector<int64_t>{int64_t{1} << 40}).status().code == Code::kOutOfMemory);
  CHECK(Shape::make(std::vector<int64_t>{1 << 16, 1 << 16}).status().code == Code::kOutOfMemory);
  CHECK(Shape::make(std::vector<int64_t>{0, 1 << 16, 1 << 16}).status().code == Code::kOutOfMemory);
  CHECK(Shape::make(std::vector<int64_t>{kMostElements}).ok());
  CHECK_FALSE(Shape::make(std::vector<int64_t>{kMostElements + 1}).ok());
  const int64_t half = kMostElements / 2 + 1;
  CHECK(Shape::make(std::vector<int64_t>{2, half - 1}).ok());
  const Status status = Shape::make(std::vector<int64_t>{2, half}).status();
  CHECK(status.code == Code::kOutOfMemory);
  CHECK_THAT(std::string(status.message), Catch::Contains(std::to_string(kMostElements)));
}

TEST_CASE("the largest tensors leave room to calculate with their sizes") {
  CHECK(kMostElements * 8 <= PTRDIFF_MAX);  // bytes, and differences of addresses
  CHECK(2 * kMostElements <= INT32_MAX);    // the sum of two, and one rounded up to whole rows
}

TEST_CASE("buffers that do not fit into the address space together are placed at its end") {
  std::vector<Lifetime> buffers(5);
  std::vector<Lifetime*> pointers;
  for (Lifetime& buffer : buffers) {
    buffer.bytes = SIZE_MAX / 4;
    buffer.last = 1;
    pointers.push_back(&buffer);
  }
  CHECK(place_in_arena(pointers, 0) == SIZE_MAX);
}

TEST_CASE("a plan above the session's memory limit is an error, and smaller ones still run") {
  const auto session = doubling_session(1 << 20);
  check_still_works(*session);
  Request request;
  request.inputs = {Shape{1 << 20}};
  const Status status = session->prepare(request);
  CHECK(status.code == Code::kOutOfMemory);
  check_still_works(*session);
}

TEST_CASE("a plan above what the machine has is an error, and smaller ones still run") {
  const auto session = doubling_session(sizeof(void*) > 4 ? size_t{1} << 32 : SIZE_MAX);
  check_still_works(*session);
  // 5 * 2^30 bytes and more; each tensor for itself would be possible.
  GraphBuilder g;
  const TensorId x = g.input("x", {1});
  std::vector<TensorId> parts;
  for (int i = 0; i < 5; ++i)
    parts.push_back(g.node("Relu", {g.node("Expand", {x, g.integers({(1 << 28) - 1})})}));
  Graph graph = g.build(parts);
  auto large = Session::create(std::move(graph),
                               {.memory_limit = sizeof(void*) > 4 ? size_t{1} << 32 : SIZE_MAX});
  REQUIRE(large.ok());
  Request request;
  request.inputs = {Shape{1}};
  CHECK(large.value()->prepare(request).code == Code::kOutOfMemory);
  check_still_works(*session);
}

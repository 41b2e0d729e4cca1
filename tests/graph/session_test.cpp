#include "graph/session.h"

#include <catch2/catch.hpp>

#include "graph/optimize.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

HostTensor random_tensor(const Shape& shape, uint32_t seed) {
  const auto values = random_floats(static_cast<size_t>(shape.count()), seed);
  return host_tensor(std::span<const float>(values), shape);
}

// y = relu(conv(x)) + x over any height and width.
Graph small_network() {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 4, 1, 1});
  g.graph().tensor(x).dims = {{-1, "batch"}, {4, ""}, {-1, "height"}, {-1, "width"}};
  const auto weights = random_floats(4 * 4 * 9, 3);
  const TensorId w = g.constant(std::span<const float>(weights), {4, 4, 3, 3});
  TensorId y = g.node("Conv", {x, w}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  y = g.node("Add", {g.node("Relu", {y}), x});
  return g.build({y});
}

std::unique_ptr<Session> session_of(Graph graph) {
  auto session = Session::create(std::move(graph));
  REQUIRE(session.status().message == "");
  return std::move(session.value());
}

}  // namespace

TEST_CASE("a run after runs of other shapes gives the same bits") {
  const auto session = session_of(small_network());
  const HostTensor input = random_tensor({1, 4, 6, 5}, 1);
  const auto first = run(*session, {{input}});
  REQUIRE(first.status().message == "");
  for (Extent size = 1; size < 12; ++size) {
    REQUIRE(run(*session, {{random_tensor({2, 4, size, 3}, 2)}}).ok());
  }
  const auto again = run(*session, {{input}});
  CHECK(again.value()[0].data == first.value()[0].data);
  CHECK(session->memory().plans == 8);
}

TEST_CASE("weights are packed once for all plans") {
  const auto session = session_of(small_network());
  REQUIRE(run(*session, {{random_tensor({1, 4, 6, 5}, 1)}}).ok());
  const size_t once = session->memory().weight_bytes;
  REQUIRE(run(*session, {{random_tensor({1, 4, 9, 9}, 1)}}).ok());
  CHECK(session->memory().weight_bytes == once);
}

namespace {

// y = x W + b with W (40, 24) and b (24) in one block of memory, as they lie in a file.
Graph product_network(std::weak_ptr<const void>& file) {
  const auto floats = std::make_shared<std::vector<float>>(random_floats(40 * 24 + 24 + 4, 5));
  file = floats;
  const auto constant = [&](size_t first, const Shape& shape) {
    auto made = std::make_shared<Constant>();
    made->shape = shape;
    made->data = reinterpret_cast<const std::byte*>(floats->data() + first);
    made->owner = floats;
    return made;
  };
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 40});
  g.graph().tensor(x).dims = {{-1, "rows"}, {40, ""}};
  const TensorId w = g.graph().add_constant("w", constant(0, {40, 24}));
  const TensorId b = g.graph().add_constant("b", constant(40 * 24, {24}));
  return g.build({g.node("Add", {g.node("MatMul", {x, w}), b})});
}

}  // namespace

TEST_CASE("a file's memory is free once its weights are packed, and every shape still runs") {
  const HostTensor many = random_tensor({7, 40}, 1), one = random_tensor({1, 40}, 2);
  const auto fresh = [](const HostTensor& input) {
    std::weak_ptr<const void> file;
    return run(*session_of(product_network(file)), {{input}}).value()[0];
  };
  std::weak_ptr<const void> file;
  const auto session = session_of(product_network(file));
  REQUIRE(run(*session, {{one}}).ok());
  const auto first = run(*session, {{many}});
  REQUIRE(first.status().message == "");
  CHECK(first.value()[0].data == fresh(many).data);
  const auto single = run(*session, {{one}});
  REQUIRE(single.status().message == "");
  CHECK(single.value()[0].data == fresh(one).data);

  const auto other = session_of(product_network(file));
  REQUIRE(run(*other, {{many}}).ok());
  CHECK(file.expired());
  CHECK(other->memory().weight_bytes < 40 * 32 * 4 + 24 * 4 + 1);
  const auto late = run(*other, {{one}});
  REQUIRE(late.status().message == "");
  const HostTensor expected = fresh(one);
  for (size_t i = 0; i < 24; ++i) {
    const float* got = reinterpret_cast<const float*>(late.value()[0].data.data());
    const float* wanted = reinterpret_cast<const float*>(expected.data.data());
    CHECK(got[i] == Approx(wanted[i]).margin(1e-5));
  }
}

TEST_CASE("a weight can be read when it was kept, and is refused otherwise") {
  std::weak_ptr<const void> file;
  Graph graph = product_network(file);
  const auto session = session_of(graph);
  Request request;
  request.inputs = {Shape{7, 40}};
  request.outputs = {1};
  CHECK(session->prepare(request).message ==
        "tensor 'w' is a weight; say when loading that it is to be kept");
  graph.keep = {1};
  const auto keeping = session_of(graph);
  REQUIRE(run(*keeping, {{random_tensor({7, 40}, 1)}}).ok());
  request.outputs = {1};
  const std::vector<HostTensor> rows{random_tensor({7, 40}, 1)};
  const auto weight = run(*keeping, rows, request);
  REQUIRE(weight.status().message == "");
  CHECK(weight.value()[0].shape == Shape{40, 24});
}

TEST_CASE("a wrong shape is refused with what was expected, and the next run works") {
  const auto session = session_of(small_network());
  Request request;
  request.inputs = {Shape{1, 3, 6, 5}};
  const Status status = session->prepare(request);
  CHECK(status.code == Code::kWrongShape);
  CHECK(status.message ==
        "input 'x' has shape (1, 3, 6, 5), the model expects (batch, 4, height, width)");
  request.inputs = {};
  CHECK(session->prepare(request).code == Code::kMissingInput);
  CHECK(run(*session, {{random_tensor({1, 4, 6, 5}, 1)}}).ok());
}

TEST_CASE("axes of one name must agree") {
  GraphBuilder g;
  const TensorId a = g.input("a", {1});
  const TensorId b = g.input("b", {1});
  g.graph().tensor(a).dims = {{-1, "length"}};
  g.graph().tensor(b).dims = {{-1, "length"}};
  const auto session = session_of(g.build({g.node("Add", {a, b})}));
  Request request;
  request.inputs = {Shape{3}, Shape{1}};
  CHECK(session->prepare(request).code == Code::kWrongShape);
}

TEST_CASE("a run can be cut into slices") {
  const auto session = session_of(small_network());
  const HostTensor input = random_tensor({1, 4, 64, 64}, 1);
  const auto whole = run(*session, {{input}});
  Request request;
  request.inputs = {input.shape};
  REQUIRE(session->prepare(request).ok());
  std::memcpy(session->input_data(0).data(), input.data.data(), input.data.size());
  int slices = 1;
  for (;; ++slices) {
    const Result<bool> finished = session->execute(1e-6);
    REQUIRE(finished.ok());
    if (finished.value()) break;
  }
  CHECK(slices > 1);
  const OutputValue output = session->outputs()[0];
  CHECK(std::memcmp(output.data, whole.value()[0].data.data(), output.bytes()) == 0);
}

TEST_CASE("an inner tensor can be asked for") {
  GraphBuilder g;
  const TensorId x = g.input("x", {2, 3});
  const TensorId inner = g.node("Neg", {x});
  const auto session = session_of(g.build({g.node("Exp", {inner})}));
  Request request;
  request.outputs = {inner};
  const auto outputs = run(*session, {{host_tensor<float>({1, 2, 3, 4, 5, 6}, {2, 3})}}, request);
  REQUIRE(outputs.status().message == "");
  CHECK(difference(outputs.value()[0], host_tensor<float>({-1, -2, -3, -4, -5, -6}, {2, 3}), {}) ==
        "");
}

TEST_CASE("a tensor that the passes have fused away is refused by name, unless it is kept") {
  const bool kept = GENERATE(false, true);
  GraphBuilder g;
  const TensorId x = g.input("x", {2, 3});
  const TensorId sigmoid = g.node("Sigmoid", {x});
  Graph graph = g.build({g.node("Mul", {x, sigmoid})});
  if (kept) graph.keep.push_back(sigmoid);
  REQUIRE(optimize(graph).ok());
  const auto session = session_of(std::move(graph));
  Request request;
  request.inputs = {Shape{2, 3}};
  request.outputs = {sigmoid};
  CHECK(session->prepare(request).code == (kept ? Code::kOk : Code::kUnknownName));
}

TEST_CASE("shapes that depend on data are planned when the data is there") {
  GraphBuilder g;
  const TensorId x = g.input("x", {2, 3});
  const TensorId target = g.input("target", {2}, DType::kI64);
  const TensorId doubled = g.node("Add", {x, x});
  const TensorId reshaped = g.node("Reshape", {doubled, target});
  const TensorId y = g.node("Neg", {reshaped});
  const auto session = session_of(g.build({y}));
  const HostTensor values = host_tensor<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{3, 2}, {1, 6}, {1, 6}, {-1, 2}, {3, 2}}) {
    const auto outputs = run(*session, {{values, host_tensor<int64_t>({rows, columns}, {2})}});
    REQUIRE(outputs.status().message == "");
    const Shape expected{static_cast<Extent>(6 / columns), static_cast<Extent>(columns)};
    CHECK(difference(outputs.value()[0], host_tensor<float>({-2, -4, -6, -8, -10, -12}, expected),
                     {}) == "");
  }
  const auto refused = run(*session, {{values, host_tensor<int64_t>({4, 2}, {2})}});
  CHECK_FALSE(refused.ok());
  CHECK(run(*session, {{values, host_tensor<int64_t>({6, 1}, {2})}}).ok());
}

TEST_CASE("NonZero, whose output's shape is its input's value, runs in the middle of a graph") {
  GraphBuilder g;
  const TensorId x = g.input("x", {6});
  const TensorId places = g.node("NonZero", {g.node("Relu", {x})});
  const TensorId y = g.node("Cast", {g.node("Transpose", {places})}, {{"to", int64_t{1}}});
  const auto session = session_of(g.build({y}));
  const auto some = run(*session, {{host_tensor<float>({-1, 2, 0, 3, -4, 5}, {6})}});
  REQUIRE(some.status().message == "");
  CHECK(difference(some.value()[0], host_tensor<float>({1, 3, 5}, {3, 1}), {}) == "");
  const auto none = run(*session, {{host_tensor<float>({-1, -1, -1, -1, -1, -1}, {6})}});
  REQUIRE(none.status().message == "");
  CHECK(none.value()[0].shape == Shape{0, 1});
}

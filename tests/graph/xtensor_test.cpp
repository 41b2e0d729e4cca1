// Sessions through xtensor, as native programs use them.
#include "graph/xtensor.h"

#include <catch2/catch.hpp>

#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

// y = x + x, for any (rows, 3).
std::unique_ptr<Session> doubling_session() {
  GraphBuilder g;
  const TensorId x = g.input("x", {1, 3});
  g.graph().tensor(x).dims[0].extent = -1;
  auto session = Session::create(g.build({g.node("Add", {x, x})}));
  REQUIRE(session.ok());
  return std::move(session.value());
}

Status prepare(Session& session, const Shape& shape) {
  Request request;
  request.inputs = {shape};
  return session.prepare(request);
}

}  // namespace

TEST_CASE("an expression is an input, an output is an array") {
  const auto session = doubling_session();
  const xt::xarray<float> x = {{1, 2, 3}, {4, 5, 6}};
  REQUIRE(shape_of(x).value() == Shape{2, 3});
  REQUIRE(prepare(*session, shape_of(x).value()).ok());
  REQUIRE(set_input(*session, 0, x * 10.0f - 1.0f).ok());
  REQUIRE(session->execute().ok());
  const auto y = view<float>(session->outputs()[0]);
  CHECK((y == xt::xarray<float>{{18, 38, 58}, {78, 98, 118}}));
  CHECK(xt::sum(y)() == 408);
}

TEST_CASE("an expression's elements arrive row by row, however they lie") {
  const auto session = doubling_session();
  const xt::xarray<float> columns = {{1, 3}, {2, 4}, {5, 6}};
  REQUIRE(prepare(*session, {2, 3}).ok());
  REQUIRE(set_input(*session, 0, xt::transpose(columns)).ok());
  REQUIRE(session->execute().ok());
  CHECK((view<float>(session->outputs()[0]) == xt::xarray<float>{{2, 4, 10}, {6, 8, 12}}));
  const xt::xarray<float, xt::layout_type::column_major> other = {{1, 2, 5}, {3, 4, 6}};
  REQUIRE(set_input(*session, 0, other).ok());
  REQUIRE(session->execute().ok());
  CHECK((view<float>(session->outputs()[0]) == xt::xarray<float>{{2, 4, 10}, {6, 8, 12}}));
}

TEST_CASE("an input of another type or size is refused") {
  const auto session = doubling_session();
  REQUIRE(prepare(*session, {2, 3}).ok());
  CHECK(set_input(*session, 0, xt::xarray<int64_t>{1, 2, 3, 4, 5, 6}).code == Code::kWrongType);
  CHECK(set_input(*session, 0, xt::xarray<float>{{1, 2, 3}}).code == Code::kWrongShape);
  CHECK(shape_of(xt::zeros<float>(std::vector<size_t>(9, 1))).status().code == Code::kWrongShape);
}

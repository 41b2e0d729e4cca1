#include "kernels/iterate.h"

#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "kernels/row.h"

using namespace heed;
using namespace heed::kernels;

namespace {

// What a loop visits: for every offset of operand 0, those of operand 1, by way of read_run.
std::map<Extent, float> visit(const Loop& loop, const std::vector<float>& operand) {
  std::map<Extent, float> seen;
  for_each_row(loop, [&](const Extent* at, Extent count) {
    REQUIRE(count <= kMaxRow);
    float buffer[kMaxRow];
    const Run<float> run = read_run(loop, 1, operand.data() + at[1], count, buffer);
    for (Extent i = 0; i < count; ++i) {
      const bool added =
          seen.emplace(at[0] + i * loop.row_steps[0], run.at[run.advance * i]).second;
      REQUIRE(added);  // nothing is visited twice
    }
  });
  return seen;
}

// The same by counting through all indices.
std::map<Extent, float> expected(const Shape& shape, const Strides& a, const Strides& b,
                                 const std::vector<float>& operand) {
  std::map<Extent, float> seen;
  for (Extent i = 0; i < shape.count(); ++i) {
    Extent rest = i, to = 0, from = 0;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      to += rest % shape[axis] * a[axis];
      from += rest % shape[axis] * b[axis];
      rest /= shape[axis];
    }
    seen[to] = operand[static_cast<size_t>(from)];
  }
  return seen;
}

std::vector<float> counting(Extent count) {
  std::vector<float> values;
  for (Extent i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

Strides only(std::initializer_list<std::pair<int, Extent>> steps) {
  Strides strides;
  for (const auto& [axis, step] : steps) strides[axis] = step;
  return strides;
}

}  // namespace

TEST_CASE("a loop visits every index once, whatever the operands' layouts and broadcasting") {
  const Shape shapes[] = {
      {},        {1},      {7},       {0},           {3, 0, 2},      {2, 3, 4, 5},
      {1, 4, 1}, {600, 2}, {2, 1030}, {2, 16, 9, 9}, {2, 3, 1, 700}, {2, 2, 2, 2, 2, 2, 2, 2}};
  for (const Shape& shape : shapes) {
    const auto values = counting(shape.count() + 1);
    for (const Layout to : {Layout::kRowMajor, Layout::kChannelsLast}) {
      const Strides a = strides_of(shape, to);
      std::vector<Strides> operands = {strides_of(shape), strides_of(shape, Layout::kChannelsLast),
                                       Strides{}};
      for (int axis = 0; axis < shape.rank(); ++axis) operands.push_back(only({{axis, 1}}));
      for (const Strides& b : operands) {
        CAPTURE(shape.text(), static_cast<int>(to), b[0], b[1], b[2], b[3]);
        const Strides both[] = {a, b};
        CHECK(visit(make_loop(shape, both), values) == expected(shape, a, b, values));
        CHECK(visit(make_periodic_loop(shape, both), values) == expected(shape, a, b, values));
      }
    }
  }
}

TEST_CASE("axes that lie behind one another become one row") {
  const Shape shape = {2, 6, 5, 4};
  const Strides same[] = {strides_of(shape), strides_of(shape)};
  CHECK(make_loop(shape, same).rank == 0);
  CHECK(make_loop(shape, same).row == 240);
  const Strides last[] = {strides_of(shape, Layout::kChannelsLast),
                          strides_of(shape, Layout::kChannelsLast)};
  CHECK(make_loop(shape, last).rank == 0);
  // One number for each channel, channels last: a row of channels for each position.
  const Strides by_channel[] = {strides_of(shape, Layout::kChannelsLast), only({{1, 1}})};
  const Loop loop = make_loop(shape, by_channel);
  CHECK(loop.rank == 1);
  CHECK(loop.row == 6);
  CHECK(loop.row_steps[1] == 1);
  // As a periodic loop, one row of everything.
  const Loop periodic = make_periodic_loop(shape, by_channel);
  CHECK(periodic.rank == 0);
  CHECK(periodic.row == 240);
  CHECK(periodic.period == 6);
}

TEST_CASE("any part of a loop's rows can be walked on its own") {
  const Shape shape = {3, 4, 600};
  const Strides both[] = {strides_of(shape), strides_of(shape, Layout::kChannelsLast)};
  const Loop loop = make_loop(shape, both);
  Extent elements = 0;
  auto count_elements = [&](const Extent*, Extent count) { elements += count; };
  for (Extent row = 0; row < loop.row_blocks; row += 5) {
    walk_rows(loop, row, std::min(row + 5, loop.row_blocks), RowTask(count_elements));
  }
  CHECK(elements == shape.count());
}

TEST_CASE("the rows of the largest tensors end where they do, without overflow on the way") {
  const auto most = static_cast<Extent>(kMostElements);
  for (const Shape& shape : {Shape{most}, Shape{2, most / 2}, Shape{most / 3, 3}}) {
    const Strides row_major = strides_of(shape);
    const Strides both[] = {row_major, only({{shape.rank() - 1, 1}})};
    for (const Loop& loop : {make_loop(shape, both), make_periodic_loop(shape, both)}) {
      CAPTURE(shape.text(), loop.row, loop.period);
      Extent end = 0, end_of_last_axis = 0;
      auto note = [&](const Extent* at, Extent count) {
        end = at[0] + count;
        end_of_last_axis = at[1] + count;
      };
      walk_rows(loop, loop.row_blocks - 1, loop.row_blocks, RowTask(note));
      CHECK(end == shape.count());
      if (loop.period == 0) CHECK(end_of_last_axis == shape[shape.rank() - 1]);
    }
  }
}

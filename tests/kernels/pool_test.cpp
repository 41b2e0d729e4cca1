// Pooling against its definition.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

// A pool over two spatial axes.
struct Case {
  Shape shape;
  std::vector<int64_t> kernel, strides = {1, 1}, pads = {0, 0, 0, 0}, dilations = {1, 1};
  bool ceil_mode = false;
  Shape expected;  // of the spatial axes

  std::vector<GraphBuilder::Attribute> attributes() const {
    return {{"kernel_shape", kernel},
            {"strides", strides},
            {"pads", pads},
            {"dilations", dilations},
            {"ceil_mode", int64_t{ceil_mode}}};
  }
};

const Case kCases[] = {
    {{2, 5, 6, 7}, {2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}, false, {3, 3}},
    {{1, 16, 7, 7}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, false, {4, 4}},
    {{1, 17, 9, 5}, {3, 2}, {1, 2}, {0, 1, 2, 0}, {2, 1}, false, {7, 3}},
    {{1, 3, 6, 6}, {3, 3}, {2, 2}, {0, 0, 0, 0}, {1, 1}, true, {3, 3}},
    {{2, 33, 4, 6}, {4, 6}, {1, 1}, {0, 0, 0, 0}, {1, 1}, false, {1, 1}},
    {{1, 2, 2, 2}, {3, 3}, {3, 3}, {1, 1, 1, 1}, {1, 1}, true, {1, 1}},
};

// Calls body(x, position) for what one output position sees, in row-major order.
template <class F>
void each_tap(const Case& pool, const HostTensor& x, const Extent* i, F body) {
  for (int64_t ky = 0; ky < pool.kernel[0]; ++ky) {
    for (int64_t kx = 0; kx < pool.kernel[1]; ++kx) {
      const int64_t row = i[2] * pool.strides[0] - pool.pads[0] + ky * pool.dilations[0];
      const int64_t column = i[3] * pool.strides[1] - pool.pads[1] + kx * pool.dilations[1];
      if (row < 0 || row >= x.shape[2] || column < 0 || column >= x.shape[3]) continue;
      const Extent at_index[] = {i[0], i[1], Extent(row), Extent(column)};
      const int64_t plane = i[0] * x.shape[1] + i[1];
      body(at(x, at_index, 4), (plane * x.shape[2] + row) * x.shape[3] + column);
    }
  }
}

// How many positions of the input and its padding one output position sees; the last windows may
// reach beyond them.
double positions_with_padding(const Case& pool, const Extent* i) {
  double count = 1;
  for (size_t axis = 0; axis < 2; ++axis) {
    int64_t seen = 0;
    for (int64_t k = 0; k < pool.kernel[axis]; ++k) {
      const int64_t at = i[2 + axis] * pool.strides[axis] + k * pool.dilations[axis];
      seen += at < pool.pads[axis] + pool.shape[int(2 + axis)] + pool.pads[2 + axis];
    }
    count *= static_cast<double>(seen);
  }
  return count;
}

Shape output_shape(const Case& pool) {
  return {pool.shape[0], pool.shape[1], pool.expected[0], pool.expected[1]};
}

}  // namespace

TEST_CASE("MaxPool and its indices") {
  for (const Case& pool : kCases) {
    const HostTensor x = random_tensor(pool.shape, 3, -9, 9);
    std::vector<int64_t> indices;
    const HostTensor y = tensor_of(output_shape(pool), [&](const Extent* i) {
      double best = -HUGE_VAL;
      int64_t where = 0;
      each_tap(pool, x, i, [&](double v, int64_t position) {
        if (v <= best) return;
        best = v;
        where = position;
      });
      indices.push_back(where);
      return best;
    });
    const HostTensor positions = host_tensor(std::span<const int64_t>(indices), output_shape(pool));
    CAPTURE(pool.shape.text(), pool.kernel, pool.strides);
    CHECK(difference({"MaxPool", {x}, pool.attributes()}, {y}) == "");
    CHECK(difference({"MaxPool", {x}, pool.attributes(), 22, "", 2}, {y, positions}) == "");
  }
}

TEST_CASE("AveragePool with and without the padding") {
  for (const Case& pool : kCases) {
    for (const bool padding : {false, true}) {
      const HostTensor x = random_tensor(pool.shape, 3);
      const HostTensor y = tensor_of(output_shape(pool), [&](const Extent* i) {
        double sum = 0, count = 0;
        each_tap(pool, x, i, [&](double v, int64_t) {
          sum += v;
          ++count;
        });
        return sum / (padding ? positions_with_padding(pool, i) : count);
      });
      CAPTURE(pool.shape.text(), pool.kernel, padding);
      auto attributes = pool.attributes();
      attributes.push_back({"count_include_pad", int64_t{padding}});
      CHECK(difference({"AveragePool", {x}, attributes}, {y}, {1e-6, 1e-6}) == "");
    }
  }
}

TEST_CASE("LpPool of any power") {
  for (const Case& pool : kCases) {
    for (const int p : {1, 2, 3}) {
      const HostTensor x = random_tensor(pool.shape, 3);
      const HostTensor y = tensor_of(output_shape(pool), [&](const Extent* i) {
        double sum = 0;
        each_tap(pool, x, i, [&](double v, int64_t) { sum += std::pow(std::abs(v), p); });
        return std::pow(sum, 1.0 / p);
      });
      CAPTURE(pool.shape.text(), pool.kernel, p);
      auto attributes = pool.attributes();
      attributes.push_back({"p", int64_t{p}});
      CHECK(difference({"LpPool", {x}, attributes}, {y}, {1e-6, 1e-6}) == "");
    }
  }
}

TEST_CASE("pools of one and of three spatial axes, of bytes, and with automatic padding") {
  const std::vector<int64_t> two = {2}, cube = {2, 2, 2}, three = {3, 3};
  const HostTensor line = host_tensor<float>({1, 5, 2, 4, 3, 9}, {1, 1, 6});
  CHECK(difference({"MaxPool", {line}, {{"kernel_shape", two}, {"strides", two}}},
                   {host_tensor<float>({5, 4, 9}, {1, 1, 3})}) == "");
  const HostTensor block = host_tensor<float>({1, 2, 3, 4, 5, 6, 7, 8}, {1, 1, 2, 2, 2});
  CHECK(difference({"AveragePool", {block}, {{"kernel_shape", cube}}},
                   {host_tensor<float>({4.5f}, {1, 1, 1, 1, 1})}) == "");
  const HostTensor bytes = host_tensor<uint8_t>({1, 200, 7, 9}, {1, 1, 2, 2});
  CHECK(difference({"MaxPool", {bytes}, {{"kernel_shape", std::vector<int64_t>{1, 2}}}},
                   {host_tensor<uint8_t>({200, 9}, {1, 1, 2, 1})}) == "");
  const HostTensor square = host_tensor<float>({1, 2, 3, 4}, {1, 1, 2, 2});
  CHECK(
      difference(
          {"MaxPool", {square}, {{"kernel_shape", three}, {"auto_pad", std::string("SAME_UPPER")}}},
          {host_tensor<float>({4, 4, 4, 4}, {1, 1, 2, 2})}) == "");
  CHECK(difference({"GlobalLpPool", {square}, {{"p", int64_t{1}}}},
                   {host_tensor<float>({10}, {1, 1, 1, 1})}) == "");
}

TEST_CASE("a NaN in a window is its result") {
  const HostTensor x = host_tensor<float>({1, NAN, 3, 4, 5, 6}, {1, 1, 1, 6});
  const std::vector<int64_t> window = {1, 2};
  const HostTensor y = host_tensor<float>({NAN, 4, 6}, {1, 1, 1, 3});
  CHECK(difference({"MaxPool", {x}, {{"kernel_shape", window}, {"strides", window}}}, {y}) == "");
}

TEST_CASE("pools refuse kernels that do not fit") {
  const HostTensor x = random_tensor({1, 2, 4, 4}, 1);
  const auto code = [&](std::vector<int64_t> kernel) {
    return outputs_of({"MaxPool", {x}, {{"kernel_shape", kernel}}}, false).status().code;
  };
  CHECK(code({5, 5}) != Code::kOk);
  CHECK(code({0, 2}) != Code::kOk);
  CHECK(code({2}) != Code::kOk);
  CHECK(code({}) != Code::kOk);
  CHECK(code({int64_t{1} << 40, 2}) != Code::kOk);
}

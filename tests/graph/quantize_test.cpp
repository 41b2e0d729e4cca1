// Products of 8-bit integers, against plain loops. (Rounding, axes and blocks are covered by ONNX's
// own tests.)
#include <catch2/catch.hpp>
#include <cmath>

#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

template <class T>
HostTensor random_bytes(const Shape& shape, uint32_t seed) {
  std::vector<T> values;
  for (float v : random_floats(size_t(shape.count()), seed, 0, 256)) {
    values.push_back(T(int(v)));
  }
  return host_tensor<T>(values, shape);
}

template <class A, class B>
void check_product(Extent m, Extent k, Extent n, bool zero_for_each) {
  const HostTensor a = random_bytes<A>({2, m, k}, 1), b = random_bytes<B>({k, n}, 2);
  const HostTensor az = random_bytes<A>({zero_for_each ? m : 1}, 3);
  const HostTensor bz = random_bytes<B>({zero_for_each ? n : 1}, 4);
  std::vector<int32_t> expected;
  for (int i = 0; i < 2 * m; ++i) {
    for (int j = 0; j < n; ++j) {
      int32_t sum = 0;
      for (int l = 0; l < k; ++l) {
        sum += (a.values<A>()[i * k + l] - az.values<A>()[zero_for_each ? i % m : 0]) *
               (b.values<B>()[l * n + j] - bz.values<B>()[zero_for_each ? j : 0]);
      }
      expected.push_back(sum);
    }
  }
  GraphBuilder g;
  const TensorId y =
      g.node("MatMulInteger", {g.input("a", a.shape, a.dtype), g.input("b", b.shape, b.dtype),
                               g.input("az", az.shape, a.dtype), g.input("bz", bz.shape, b.dtype)});
  const auto outputs = run(g.build({y}), {a, b, az, bz});
  REQUIRE(outputs.ok());
  CHECK(difference(outputs.value()[0], host_tensor<int32_t>(expected, {2, m, n}), {}) == "");
}

}  // namespace

TEST_CASE("MatMulInteger is exact, for either type and zero points of rows and columns") {
  for (Extent m : {1, 3, 4, 5}) {
    for (Extent k : {1, 2, 7, 300}) {
      for (Extent n : {1, 4, 5, 9}) {
        CAPTURE(m, k, n);
        check_product<uint8_t, int8_t>(m, k, n, false);
        check_product<int8_t, uint8_t>(m, k, n, true);
        check_product<uint8_t, uint8_t>(m, k, n, true);
      }
    }
  }
}

TEST_CASE("ConvInteger subtracts a zero point for each output channel") {
  const HostTensor x = random_bytes<uint8_t>({1, 3, 5, 6}, 1),
                   w = random_bytes<int8_t>({4, 3, 3, 2}, 2);
  const HostTensor xz = random_bytes<uint8_t>({}, 3), wz = random_bytes<int8_t>({4}, 4);
  std::vector<int32_t> expected;
  for (int o = 0; o < 4; ++o) {
    for (int r = 0; r < 5; ++r) {
      for (int q = 0; q < 5; ++q) {
        int32_t sum = 0;
        for (int i = 0; i < 3; ++i) {
          for (int kr = 0; kr < 3; ++kr) {
            for (int kq = 0; kq < 2; ++kq) {
              const int row = r + kr - 1, column = q + kq;
              if (row < 0 || row >= 5 || column >= 6) continue;
              sum += (x.values<uint8_t>()[(i * 5 + row) * 6 + column] - xz.values<uint8_t>()[0]) *
                     (w.values<int8_t>()[((o * 3 + i) * 3 + kr) * 2 + kq] - wz.values<int8_t>()[o]);
            }
          }
        }
        expected.push_back(sum);
      }
    }
  }
  GraphBuilder g;
  const TensorId y = g.node("ConvInteger",
                            {g.input("x", x.shape, x.dtype), g.input("w", w.shape, w.dtype),
                             g.input("xz", xz.shape, x.dtype), g.input("wz", wz.shape, w.dtype)},
                            {{"pads", std::vector<int64_t>{1, 0, 1, 0}}});
  const auto outputs = run(g.build({y}), {x, w, xz, wz});
  REQUIRE(outputs.ok());
  CHECK(difference(outputs.value()[0], host_tensor<int32_t>(expected, {1, 4, 5, 5}), {}) == "");
}

TEST_CASE("quantised layers of a file run as they are: quantise, dequantise, multiply") {
  const auto values = random_floats(24, 1, -3, 5);
  const HostTensor x = host_tensor<float>(values, {4, 6});
  GraphBuilder g;
  const auto q = g.node_with_outputs(3, "DynamicQuantizeLinear", {g.input("x", x.shape)});
  const TensorId y = g.node("DequantizeLinear", {q[0], q[1], q[2]});
  const auto outputs = run(g.build({y, q[1]}), {x});
  REQUIRE(outputs.ok());
  const float scale = outputs.value()[1].values<float>()[0];
  CHECK(difference(outputs.value()[0], x, {0, scale * 0.51}) == "");
}

// SecondOrderPool against the covariance, centred, and the coupled iteration, in double.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

using Matrix = std::vector<double>;  // (n, n)

Matrix product(const Matrix& a, const Matrix& b, size_t n) {
  Matrix c(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < n; ++k) {
      for (size_t j = 0; j < n; ++j) c[i * n + j] += a[i * n + k] * b[k * n + j];
    }
  }
  return c;
}

// (3 I - Z Y) / 2.
Matrix step_matrix(const Matrix& z, const Matrix& y, size_t n) {
  Matrix w = product(z, y, n);
  for (size_t i = 0; i < n * n; ++i) w[i] = ((i % (n + 1) == 0 ? 3 : 0) - w[i]) / 2;
  return w;
}

// Of positions [rows) x [columns) of one image.
struct Window {
  Extent top = 0, bottom, left = 0, right;
};

Matrix covariance(const HostTensor& x, Extent image, const Window& window) {
  const auto n = static_cast<size_t>(x.shape[1]);
  std::vector<std::vector<double>> channels(n);
  for (size_t c = 0; c < n; ++c) {
    double sum = 0;
    for (Extent i = window.top; i < window.bottom; ++i) {
      for (Extent j = window.left; j < window.right; ++j) {
        const Extent index[] = {image, static_cast<Extent>(c), i, j};
        channels[c].push_back(at(x, index, 4));
        sum += channels[c].back();
      }
    }
    for (double& v : channels[c]) v -= sum / static_cast<double>(channels[c].size());
  }
  Matrix s(n * n);
  for (size_t i = 0; i < n * n; ++i) {
    const auto &a = channels[i / n], &b = channels[i % n];
    for (size_t k = 0; k < a.size(); ++k) s[i] += a[k] * b[k] / static_cast<double>(a.size());
  }
  return s;
}

HostTensor pooled(const HostTensor& x, const Window& window) {
  const auto n = static_cast<size_t>(x.shape[1]);
  std::vector<std::vector<double>> images;
  for (Extent image = 0; image < x.shape[0]; ++image) {
    Matrix y = covariance(x, image, window), z(n * n);
    double trace = 0;
    for (size_t i = 0; i < n; ++i) trace += y[i * (n + 1)];
    for (double& v : y) v /= trace;
    for (size_t i = 0; i < n; ++i) z[i * (n + 1)] = 1;
    for (int step = 0; step < 5; ++step) {
      const Matrix w = step_matrix(z, y, n);
      y = product(y, w, n);
      z = product(w, z, n);
    }
    auto& v = images.emplace_back(n);
    for (size_t i = 0; i < n * n; ++i) v[i % n] += y[i] * std::sqrt(trace) / static_cast<double>(n);
  }
  return tensor_of({x.shape[0], x.shape[1], 1, 1}, [&](const Extent* i) {
    return images[static_cast<size_t>(i[0])][static_cast<size_t>(i[1])];
  });
}

HostTensor pooled(const HostTensor& x) { return pooled(x, {0, x.shape[2], 0, x.shape[3]}); }

OperatorCall pool_call(const HostTensor& x, int64_t crop = 0) {
  OperatorCall call = {"SecondOrderPool", {x}, {{"crop", crop}}};
  call.domain = "heed";
  return call;
}

constexpr Tolerance kClose = {1e-4, 1e-6};

}  // namespace

TEST_CASE("SecondOrderPool is the mean of the square root's rows, around pieces and stripes") {
  for (const Shape& shape :
       {Shape{1, 16, 5, 7}, Shape{2, 8, 6, 3}, Shape{1, 64, 20, 17}, Shape{3, 3, 1, 300},
        Shape{1, 33, 24, 31}, Shape{1, 17, 256, 1}, Shape{1, 10, 2, 3}, Shape{1, 1, 4, 4},
        Shape{1, 5, 2, 257}, Shape{1, 130, 9, 9}}) {
    CAPTURE(shape.text());
    const HostTensor x = random_tensor(shape, 7);
    CHECK(difference(pool_call(x), {pooled(x)}, kClose) == "");
  }
}

TEST_CASE("SecondOrderPool does not lose small variations around a large mean") {
  HostTensor x = random_tensor({1, 8, 30, 23}, 5);
  const HostTensor plain = pooled(x);
  for (size_t i = 0; i < 8 * 30 * 23; ++i) {
    const float value = 4096 + 0.25f * std::round(16 * static_cast<float>(element(x, i)));
    std::memcpy(x.data.data() + 4 * i, &value, 4);
  }
  CHECK(difference(pool_call(x), {pooled(x)}, kClose) == "");
}

TEST_CASE("SecondOrderPool of constant channels is 0 / 0, whatever the constants") {
  const HostTensor x = tensor_of({1, 7, 9, 40}, [](const Extent* i) { return 0.1 * (i[1] + 1); });
  const HostTensor nan = tensor_of({1, 7, 1, 1}, [](const Extent*) { return NAN; });
  CHECK(difference(pool_call(x), {nan}) == "");
  CHECK(difference(pool_call(random_tensor({1, 7, 1, 1}, 1)), {nan}) == "");
}

TEST_CASE("SecondOrderPool shows a NaN in its own image only") {
  HostTensor x = random_tensor({3, 6, 5, 60}, 2);
  HostTensor expected = pooled(x);
  const float nan = NAN;
  std::memcpy(x.data.data() + 4 * (6 * 300 + 2 * 300 + 299), &nan, 4);
  for (size_t i = 6; i < 12; ++i) std::memcpy(expected.data.data() + 4 * i, &nan, 4);
  CHECK(difference(pool_call(x), {expected}, kClose) == "");
}

TEST_CASE("SecondOrderPool crops by SAN's rule, its exact size included") {
  struct Case {
    Extent height, width;
    Window window;
  };
  // Of a crop of 8, what the official code's slices select.
  for (const Case& c : {
           Case{7, 7, {0, 7, 0, 7}},     // smaller: all
           Case{4, 11, {0, 4, 1, 9}},    // wider: the middle columns
           Case{11, 4, {1, 9, 0, 4}},    // higher: the middle rows
           Case{13, 10, {2, 10, 1, 9}},  // both
           Case{8, 8, {0, 8, 0, 8}},     // exactly
           Case{4, 8, {2, 4, 0, 8}},     // exactly that wide: x[-2:6] of four rows are two
           Case{8, 4, {0, 8, 2, 4}},     //
           Case{5, 8, {3, 5, 0, 8}},     // (5 - 8) // 2 = -2
           Case{3, 8, {0, 3, 0, 8}},     // (3 - 8) // 2 = -3
           Case{2, 8, {0, 2, 0, 8}},     // before the first row: all
           Case{8, 13, {0, 8, 2, 10}},   //
       }) {
    CAPTURE(c.height, c.width);
    const HostTensor x = random_tensor({2, 6, c.height, c.width}, 3);
    CHECK(difference(pool_call(x, 8), {pooled(x, c.window)}, kClose) == "");
  }
}

TEST_CASE("SecondOrderPool refuses what is no feature map") {
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  CHECK(code(pool_call(random_tensor({2, 3, 4}, 1))) == Code::kWrongShape);
  CHECK(code(pool_call(random_tensor({2, 3, 4, 4}, 1), -1)) == Code::kInvalidGraph);
  CHECK(code(pool_call(host_tensor<int64_t>({1}, {1, 1, 1, 1}))) == Code::kUnsupportedType);
}

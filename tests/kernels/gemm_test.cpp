#include "kernels/gemm.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/pack_panels.h"
#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;

namespace {

// The largest error of relu(A B + bias + residual), relative to sqrt(K).
double error_of(Extent rows, Extent columns, Extent depth, bool transposed_b = false) {
  const Extent a_step = depth + 3, c_step = columns + 2;
  const auto a = random_floats(size_t(rows) * a_step, 1);
  const auto b = random_floats(size_t(depth) * columns, 2);
  const auto bias = random_floats(columns, 3);
  const auto residual = random_floats(size_t(rows) * c_step, 4);
  std::vector<float> c(size_t(rows) * c_step, 77.0f);

  const Extent row_step = transposed_b ? 1 : columns, column_step = transposed_b ? depth : 1;
  std::vector<float> panels(kernels::panels_count(depth, columns));
  kernels::pack_panels(kernels::matrix_source(b.data(), depth, row_step, column_step), columns,
                       panels.data());
  kernels::gemm({rows, columns, depth, a_step, c_step}, a.data(), panels.data(), bias.data(),
                c.data(), {residual.data(), {kernels::ActivationKind::kRelu}});

  double worst = 0;
  for (Extent m = 0; m < rows; ++m) {
    for (Extent n = 0; n < columns; ++n) {
      double sum = double(bias[n]) + residual[m * c_step + n];
      for (Extent k = 0; k < depth; ++k) {
        sum += double(a[m * a_step + k]) * b[k * row_step + n * column_step];
      }
      const double error = std::abs(c[m * c_step + n] - std::fmax(sum, 0.0));
      if (!(error <= worst)) worst = error;
    }
    for (Extent n = columns; n < c_step; ++n) {
      if (c[m * c_step + n] != 77.0f) return HUGE_VAL;  // wrote past the row
    }
  }
  return worst / std::sqrt(double(depth) + 1);
}

}  // namespace

TEST_CASE("gemm agrees with its definition around lane and tile edges") {
  for (Extent rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 25}) {
    for (Extent columns : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17}) {
      for (Extent depth : {0, 1, 2, 3, 4, 5, 7, 8, 33}) {
        CAPTURE(rows, columns, depth);
        CHECK(error_of(rows, columns, depth) < 1e-6);
        CHECK(error_of(rows, columns, depth, true) < 1e-6);
      }
    }
  }
}

TEST_CASE("gemm runs over K and rows in pieces") {
  for (Extent depth : {1023, 1024, 1025, 2500}) {
    CAPTURE(depth);
    CHECK(error_of(5, 9, depth) < 2e-6);
    CHECK(error_of(1, 20, depth) < 2e-6);
  }
  CHECK(error_of(400, 9, 3) < 1e-6);
  CHECK(error_of(400, 9, 700) < 2e-6);
}

TEST_CASE("gemm keeps NaN where an operand is NaN, and nowhere else") {
  std::vector<float> a(7 * 5, 1.0f), b(5 * 9, 1.0f), c(7 * 9), panels(kernels::panels_count(5, 9));
  a[3 * 5 + 2] = NAN;
  kernels::pack_panels(kernels::matrix_source(b.data(), 5, 9, 1), 9, panels.data());
  kernels::gemm({7, 9, 5, 5, 9}, a.data(), panels.data(), nullptr, c.data(),
                {nullptr, {kernels::ActivationKind::kClip, 0.0f, 2.0f}});
  for (Extent i = 0; i < 7 * 9; ++i) {
    CAPTURE(i);
    if (i / 9 == 3) {
      CHECK(std::isnan(c[i]));
    } else {
      CHECK(c[i] == 2.0f);
    }
  }
}

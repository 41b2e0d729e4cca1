// Which build these tests run: the one that their target names, in simd and in the kernels.
#include "simd/build.h"

#include <catch2/catch.hpp>
#include <string_view>
#include <vector>

#include "kernels/gemm.h"
#include "kernels/pack_panels.h"
#include "simd/f32x4.h"

using namespace heed;

TEST_CASE("the build that is linked is the one that was asked for", "[simd]") {
  const std::string_view asked =
      HEED_VARIANT == std::string_view("relaxed") ? "relaxed" : "simd128";
  CHECK(simd::build_name() == asked);
  CHECK(simd::kRelaxed == (asked == "relaxed"));
}

TEST_CASE("the kernels round multiply-adds as this build does", "[simd]") {
  // 1 * -1 + (1 + e) (1 - e): 0 when the product is rounded first, -e^2 when it is not.
  constexpr float e = 0x1p-13f;
  constexpr Extent kSize = 16;
  std::vector<float> a, b(2 * kSize, 1 - e), c(kSize * kSize);
  for (Extent i = 0; i < kSize; ++i) {
    a.insert(a.end(), {1, 1 + e});
    b[size_t(i)] = -1;
  }
  std::vector<float> panels(size_t(kernels::panels_count(2, kSize)));
  kernels::pack_panels(kernels::matrix_source(b.data(), 2, kSize, 1), kSize, panels.data());
  kernels::gemm({kSize, kSize, 2, 2, kSize}, a.data(), panels.data(), nullptr, c.data(), {});
  using namespace simd;
  const float expected = lane<0>(madd(splat(1 + e), splat(1 - e), splat(-1.0f)));
  CHECK((expected == 0 || (kRelaxed && expected == -e * e)));
  CHECK(c == std::vector<float>(c.size(), expected));
}

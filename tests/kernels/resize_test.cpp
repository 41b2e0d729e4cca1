#include "kernels/resize.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;

TEST_CASE("resize_axis weighs rows of any length") {
  const Extent outer = 2, extent = 3, resized = 4;
  for (int taps : {1, 2, 4, 7}) {
    for (Extent inner : {1, 2, 3, 4, 5, 7, 8, 9, 16, 21}) {
      const auto from = random_floats(size_t(outer * extent * inner), 1);
      const auto weights = random_floats(size_t(resized * taps), 2);
      std::vector<Extent> indices;
      for (Extent i = 0; i < resized * taps; ++i) indices.push_back(i * 5 % extent);
      indices[size_t(2 * taps)] = -1;  // the third output lies outside
      std::vector<float> to(size_t(outer * resized * inner) + 1, 77.0f);
      kernels::resize_axis({outer, extent, resized, inner, taps, 9.0f}, indices.data(),
                           weights.data(), from.data(), to.data());
      CAPTURE(taps, inner);
      double worst = 0;
      for (Extent at = 0; at < outer * resized * inner; ++at) {
        const Extent i = at / inner % resized, o = at / inner / resized;
        double sum = i == 2 ? 9 : 0;
        for (int t = 0; i != 2 && t < taps; ++t) {
          sum += double(weights[size_t(i * taps + t)]) *
                 from[size_t((o * extent + indices[size_t(i * taps + t)]) * inner + at % inner)];
        }
        worst = std::fmax(worst, std::abs(to[size_t(at)] - sum));
      }
      CHECK(worst < 1e-6);
      CHECK(to.back() == 77.0f);
    }
  }
}

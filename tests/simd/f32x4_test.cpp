// Each operation of the vector types against the same on single numbers, at the values where they
// part: NaN, infinities, zeros of both signs, halves, the ends of the integers.
#include "simd/f32x4.h"

#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace heed::simd;

namespace {

using Floats = std::array<float, 4>;
using Integers = std::array<int32_t, 4>;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kValues[] = {0.0f, -0.0f, 1.0f,  -1.0f,     0.5f,       1.5f, 2.5f,   -2.5f, -0.25f,
                         3e9f, -3e9f, 1e38f, kInfinity, -kInfinity, kNaN, 1e-40f, 7.75f};
const int32_t kIntegers[] = {0, 1, -1, 7, -8, 65536, INT32_MAX, INT32_MIN};

Floats floats(f32x4 a) {
  Floats out;
  store(out.data(), a);
  return out;
}
Integers integers(i32x4 a) {
  Integers out;
  store(out.data(), a);
  return out;
}

// The same bits, or both NaN (whose bits are the processor's choice).
bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}
bool same(int32_t a, int32_t b) { return a == b; }

// A different value in each lane: lanes do not mix.
f32x4 lanes_of(float a) { return make_f32(a, 2, a, -3); }

template <class Vector, class Scalar>
void check_unary(Vector vector, Scalar scalar) {
  for (const float a : kValues) {
    const Floats out = floats(vector(lanes_of(a)));
    CAPTURE(a, out[0]);
    CHECK(same(out[0], scalar(a)));
    CHECK(same(out[1], scalar(2.0f)));
    CHECK(same(out[2], scalar(a)));
    CHECK(same(out[3], scalar(-3.0f)));
  }
}

template <class Vector, class Scalar>
void check_binary(Vector vector, Scalar scalar) {
  for (const float a : kValues) {
    for (const float b : kValues) {
      const Floats out = floats(vector(lanes_of(a), make_f32(b, b, 5, -1)));
      CAPTURE(a, b, out[0]);
      CHECK(same(out[0], scalar(a, b)));
      CHECK(same(out[1], scalar(2.0f, b)));
      CHECK(same(out[2], scalar(a, 5.0f)));
      CHECK(same(out[3], scalar(-3.0f, -1.0f)));
    }
  }
}

// A mask's lanes are all ones or zero.
template <class Vector, class Scalar>
void check_comparison(Vector vector, Scalar scalar) {
  for (const float a : kValues) {
    for (const float b : kValues) {
      const Integers out = integers(vector(lanes_of(a), make_f32(b, b, 5, -3)));
      CAPTURE(a, b);
      CHECK(out == Integers{-int{scalar(a, b)}, -int{scalar(2.0f, b)}, -int{scalar(a, 5.0f)},
                            -int{scalar(-3.0f, -3.0f)}});
    }
  }
}

template <class Vector, class Scalar>
void check_integers(Vector vector, Scalar scalar) {
  for (const int32_t a : kIntegers) {
    for (const int32_t b : kIntegers) {
      const Integers out = integers(vector(make_i32(a, b, a, 3), make_i32(b, a, 5, -3)));
      CAPTURE(a, b);
      CHECK(same(out[0], scalar(a, b)));
      CHECK(same(out[1], scalar(b, a)));
      CHECK(same(out[2], scalar(a, 5)));
      CHECK(same(out[3], scalar(3, -3)));
    }
  }
}

// Arithmetic that wraps around.
int32_t wrapped(int64_t value) { return static_cast<int32_t>(static_cast<uint32_t>(value)); }

}  // namespace

TEST_CASE("float arithmetic of a vector is that of its lanes", "[simd]") {
  check_binary([](f32x4 a, f32x4 b) { return a + b; }, [](float a, float b) { return a + b; });
  check_binary([](f32x4 a, f32x4 b) { return a - b; }, [](float a, float b) { return a - b; });
  check_binary([](f32x4 a, f32x4 b) { return a * b; }, [](float a, float b) { return a * b; });
  check_binary([](f32x4 a, f32x4 b) { return a / b; },
               [](float a, float b)
                   __attribute__((no_sanitize("float-divide-by-zero"))) { return a / b; });
  check_binary([](f32x4 a, f32x4 b) { return a += b; }, [](float a, float b) { return a + b; });
  check_binary([](f32x4 a, f32x4 b) { return a -= b; }, [](float a, float b) { return a - b; });
  check_binary([](f32x4 a, f32x4 b) { return a *= b; }, [](float a, float b) { return a * b; });
  check_unary([](f32x4 a) { return -a; }, [](float a) { return -a; });
  check_unary([](f32x4 a) { return abs(a); }, [](float a) { return std::fabs(a); });
  check_unary([](f32x4 a) { return sqrt(a); }, [](float a) { return std::sqrt(a); });
  check_unary([](f32x4 a) { return floor(a); }, [](float a) { return std::floor(a); });
  check_unary([](f32x4 a) { return ceil(a); }, [](float a) { return std::ceil(a); });
  check_unary([](f32x4 a) { return trunc(a); }, [](float a) { return std::trunc(a); });
  check_unary([](f32x4 a) { return round_even(a); }, [](float a) { return std::nearbyint(a); });
}

TEST_CASE("min and max keep the first operand, zeros and NaN too, unless the second is beyond it",
          "[simd]") {
  check_binary([](f32x4 a, f32x4 b) { return min(a, b); },
               [](float a, float b) { return b < a ? b : a; });
  check_binary([](f32x4 a, f32x4 b) { return max(a, b); },
               [](float a, float b) { return a < b ? b : a; });
  // So a value stays NaN before a bound, and a bound before a value hides it.
  CHECK(std::isnan(lane<0>(min(splat(kNaN), splat(6.0f)))));
  CHECK(lane<0>(max(splat(6.0f), splat(kNaN))) == 6);
}

TEST_CASE("min_nan and max_nan are NaN where either is, and -0 is below 0", "[simd]") {
  const auto less = [](float a, float b) { return a < b || (a == b && std::signbit(a)); };
  check_binary([](f32x4 a, f32x4 b) { return min_nan(a, b); },
               [=](float a, float b) {
                 return std::isnan(a) || std::isnan(b) ? kNaN : less(a, b) ? a : b;
               });
  check_binary([](f32x4 a, f32x4 b) { return max_nan(a, b); },
               [=](float a, float b) {
                 return std::isnan(a) || std::isnan(b) ? kNaN : less(a, b) ? b : a;
               });
}

TEST_CASE("madd rounds twice, or once where the build is relaxed", "[simd]") {
  const auto check = [](float actual, float twice, float once) {
    CHECK((same(actual, twice) || (kRelaxed && same(actual, once))));
  };
  // The first two differ by how often they round.
  const float e = 0x1p-13f;
  const float triples[][3] = {{1 + e, 1 - e, -1}, {1 / 3.0f, 3, -1}, {2, 3, 4},
                              {kInfinity, 1, 1},  {kNaN, 1, 1},      {1e38f, 10, -kInfinity}};
  for (const auto& [a, b, c] : triples) {
    CAPTURE(a, b, c);
    const volatile float product = a * b;  // rounded
    const f32x4 x = lanes_of(a), y = make_f32(b, 5, b, 1), z = make_f32(c, -1, c, 2);
    const Floats sum = floats(madd(x, y, z)), rest = floats(nmadd(x, y, z));
    check(sum[0], product + c, std::fma(a, b, c));
    check(sum[2], product + c, std::fma(a, b, c));
    check(rest[0], c - product, std::fma(-a, b, c));
    check(rest[2], c - product, std::fma(-a, b, c));
    CHECK((sum[1] == 9 && sum[3] == -1 && rest[1] == -11 && rest[3] == 5));
  }
}

TEST_CASE("comparisons give masks, false for NaN but for !=", "[simd]") {
  check_comparison([](f32x4 a, f32x4 b) { return a < b; }, [](float a, float b) { return a < b; });
  check_comparison([](f32x4 a, f32x4 b) { return a <= b; },
                   [](float a, float b) { return a <= b; });
  check_comparison([](f32x4 a, f32x4 b) { return a > b; }, [](float a, float b) { return a > b; });
  check_comparison([](f32x4 a, f32x4 b) { return a >= b; },
                   [](float a, float b) { return a >= b; });
  check_comparison([](f32x4 a, f32x4 b) { return a == b; },
                   [](float a, float b) { return a == b; });
  check_comparison([](f32x4 a, f32x4 b) { return a != b; },
                   [](float a, float b) { return a != b; });
  const i32x4 mask = make_i32(-1, 0, 0, -1);
  CHECK(floats(select(mask, make_f32(1, 2, 3, 4), make_f32(5, 6, 7, 8))) == Floats{1, 6, 7, 4});
  CHECK(integers(select(mask, make_i32(1, 2, 3, 4), make_i32(5, 6, 7, 8))) == Integers{1, 6, 7, 4});
  CHECK((any(mask) && !all(mask) && all(splat(-1)) && !any(splat(0))));
}

TEST_CASE("partial loads and stores touch what they say, at any address", "[simd]") {
  const float from[] = {0, 1, 2, 3, 4};
  for (int count = 0; count <= 4; ++count) {
    CAPTURE(count);
    // Exactly as many elements as are read: the sanitizer sees one more.
    const std::vector<float> exact(from + 1, from + 1 + count);
    Floats expected = {}, stored = {9, 9, 9, 9};
    for (int i = 0; i < count; ++i) expected[i] = from[i + 1];
    CHECK(floats(load_partial(exact.data(), count)) == expected);
    std::vector<float> to(static_cast<size_t>(count), 9.0f);
    store_partial(to.data(), load(from + 1), count);
    CHECK(to == exact);
    store_partial(stored.data(), load(from + 1), count);
    for (int i = 0; i < 4; ++i) CHECK(stored[i] == (i < count ? from[i + 1] : 9));
  }
  CHECK(floats(load_splat(from + 3)) == Floats{3, 3, 3, 3});
  CHECK((floats(splat(2.0f)) == Floats{2, 2, 2, 2} && floats(zero()) == Floats{}));
  const f32x4 four = make_f32(5, 6, 7, 8);
  CHECK((lane<0>(four) == 5 && lane<1>(four) == 6 && lane<2>(four) == 7 && lane<3>(four) == 8));
}

TEST_CASE("what runs across lanes", "[simd]") {
  const f32x4 a = make_f32(1, 2, 3, 4), b = make_f32(5, 6, 7, 8);
  CHECK(floats(shuffle<0, 5, 2, 7>(a, b)) == Floats{1, 6, 3, 8});
  CHECK(horizontal_sum(make_f32(1, 20, 300, 4000)) == 4321);
  for (int place = 0; place < 4; ++place) {
    CAPTURE(place);
    Floats values = {-2, -2, -2, -2};
    values[place] = 7;
    CHECK(horizontal_max(load(values.data())) == 7);
    CHECK(horizontal_min(-load(values.data())) == -7);
    values[place] = kNaN;
    CHECK(std::isnan(horizontal_max(load(values.data()))));
    CHECK(std::isnan(horizontal_min(load(values.data()))));
  }
  f32x4 rows[] = {make_f32(0, 1, 2, 3), make_f32(4, 5, 6, 7), make_f32(8, 9, 10, 11),
                  make_f32(12, 13, 14, 15)};
  transpose(rows[0], rows[1], rows[2], rows[3]);
  for (int i = 0; i < 4; ++i) {
    const auto at = static_cast<float>(i);
    CHECK(floats(rows[i]) == Floats{at, at + 4, at + 8, at + 12});
  }
}

TEST_CASE("integer arithmetic of a vector is that of its lanes, and wraps around", "[simd]") {
  check_integers([](i32x4 a, i32x4 b) { return a + b; },
                 [](int64_t a, int64_t b) { return wrapped(a + b); });
  check_integers([](i32x4 a, i32x4 b) { return a - b; },
                 [](int64_t a, int64_t b) { return wrapped(a - b); });
  check_integers([](i32x4 a, i32x4 b) { return a * b; },
                 [](int64_t a, int64_t b) { return wrapped(a * b); });
  check_integers([](i32x4 a, i32x4 b) { return a & b; },
                 [](int32_t a, int32_t b) { return a & b; });
  check_integers([](i32x4 a, i32x4 b) { return a | b; },
                 [](int32_t a, int32_t b) { return a | b; });
  check_integers([](i32x4 a, i32x4 b) { return a ^ b; },
                 [](int32_t a, int32_t b) { return a ^ b; });
  check_integers([](i32x4 a, i32x4) { return ~a; }, [](int32_t a, int32_t) { return ~a; });
  check_integers([](i32x4 a, i32x4 b) { return a < b; },
                 [](int32_t a, int32_t b) { return -(a < b); });
  check_integers([](i32x4 a, i32x4 b) { return a > b; },
                 [](int32_t a, int32_t b) { return -(a > b); });
  check_integers([](i32x4 a, i32x4 b) { return a == b; },
                 [](int32_t a, int32_t b) { return -(a == b); });
  check_integers([](i32x4 a, i32x4 b) { return min(a, b); },
                 [](int32_t a, int32_t b) { return a < b ? a : b; });
  check_integers([](i32x4 a, i32x4 b) { return max(a, b); },
                 [](int32_t a, int32_t b) { return a > b ? a : b; });
  check_integers([](i32x4 a, i32x4) { return shift_left<3>(a); },
                 [](int64_t a, int64_t) { return wrapped(a * 8); });
  check_integers([](i32x4 a, i32x4) { return shift_right<3>(a); },
                 [](int32_t a, int32_t) { return a >> 3; });
  check_integers([](i32x4 a, i32x4) { return shift_right_logical<3>(a); },
                 [](int32_t a, int32_t) { return int32_t(uint32_t(a) >> 3); });
  const i32x4 four = make_i32(5, 6, 7, 8);
  CHECK((lane<0>(four) == 5 && lane<1>(four) == 6 && lane<2>(four) == 7 && lane<3>(four) == 8));
}

TEST_CASE("pairs of 16-bit integers are multiplied and added in 32 bits", "[simd]") {
  const int16_t a[] = {1, 2, -3, 4, 32767, 32767, -32768, 32767};
  const int16_t b[] = {5, 6, 7, -8, 32767, 32767, -32768, -32768};
  CHECK(integers(dot_pairs(load(a), load(b))) ==
        Integers{17, -53, 2 * 32767 * 32767, 32768 * 32768 - 32767 * 32768});
  CHECK(integers(dot_pairs(load_splat_pair(a), load(b))) ==
        Integers{17, -9, 3 * 32767, -3 * 32768});
}

TEST_CASE("conversions truncate and saturate, bits stay bits", "[simd]") {
  CHECK(integers(to_i32(make_f32(1.75f, -1.75f, 3e9f, -3e9f))) ==
        Integers{1, -1, INT32_MAX, INT32_MIN});
  CHECK(integers(to_i32(make_f32(kNaN, kInfinity, -kInfinity, -0.5f))) ==
        Integers{0, INT32_MAX, INT32_MIN, 0});
  CHECK(floats(to_f32(make_i32(0, -7, INT32_MAX, INT32_MIN))) ==
        Floats{0, -7, 2147483648.0f, -2147483648.0f});
  CHECK(integers(bits(make_f32(1, -0.0f, 2, kInfinity))) ==
        Integers{0x3f800000, INT32_MIN, 0x40000000, 0x7f800000});
  CHECK(floats(from_bits(make_i32(0x3f800000, 0, 0x40000000, 0))) == Floats{1, 0, 2, 0});
}

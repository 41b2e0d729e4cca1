// The vector types that every kernel is written in: four floats, four 32-bit integers. This is the
// one file that includes SIMD intrinsics. In WebAssembly they are the engine's; natively SIMDe
// carries out the same operations, so that the very same kernels run under sanitizers and fuzzers.
//
// A build is either "simd128" or "relaxed". They differ in `madd` and `nmadd`, and in nothing else:
// the package makes its simd128 module by putting products and sums in the place of the relaxed
// multiply-adds (web/src/engine/module-streams.ts), so no code may depend on kRelaxed. In
// WebAssembly the compiler's -mrelaxed-simd chooses, natively the definition HEED_RELAXED. Only
// rooms that are compiled once for each build (simd and kernels) may include this header;
// simd/build.h tells the others which build they are linked with.
#pragma once

#include <cstdint>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#define SIMDE_WASM_RELAXED_SIMD_ENABLE_NATIVE_ALIASES
#include <simde/wasm/relaxed-simd.h>
#include <simde/wasm/simd128.h>
#endif

#if defined(__wasm_relaxed_simd__) && !defined(HEED_RELAXED)
#define HEED_RELAXED 1
#endif

// Code is compiled for its size, where compilers turn even single instructions into calls.
#define HEED_INLINE [[gnu::always_inline]] inline

namespace heed::simd {

#if defined(HEED_RELAXED)
inline constexpr bool kRelaxed = true;
#else
inline constexpr bool kRelaxed = false;
#endif

inline constexpr int kLanes = 4;

// Four floats. Loads and stores need no alignment.
struct f32x4 {
  v128_t v;
};

// Four 32-bit integers; a comparison's result is one whose lanes are all ones (true) or zero
// (false).
struct i32x4 {
  v128_t v;
};

// ---- f32x4: memory

HEED_INLINE f32x4 load(const float* from) { return {wasm_v128_load(from)}; }
HEED_INLINE void store(float* to, f32x4 a) { wasm_v128_store(to, a.v); }

// All lanes are *from. Cheaper than splatting a lane of a loaded vector.
HEED_INLINE f32x4 load_splat(const float* from) { return {wasm_v128_load32_splat(from)}; }

// The first `count` (0..3) elements, the other lanes being 0. Touches nothing beyond them. These
// two are rests of rows: calls, so that loops stay small.
[[gnu::noinline]] inline f32x4 load_rest(const float* from, int count) {
  v128_t v = wasm_i32x4_splat(0);
  if (count >= 2) {
    v = wasm_v128_load64_zero(from);
    if (count == 3) v = wasm_v128_load32_lane(from + 2, v, 2);
  } else if (count == 1) {
    v = wasm_v128_load32_zero(from);
  }
  return {v};
}

// Stores the first `count` (0..3) lanes and touches nothing beyond them.
[[gnu::noinline]] inline void store_rest(float* to, f32x4 a, int count) {
  if (count >= 2) {
    wasm_v128_store64_lane(to, a.v, 0);
    if (count == 3) wasm_v128_store32_lane(to + 2, a.v, 2);
  } else if (count == 1) {
    wasm_v128_store32_lane(to, a.v, 0);
  }
}

// The same for any count, of which at most four are meant.
HEED_INLINE f32x4 load_partial(const float* from, int count) {
  return count >= 4 ? load(from) : load_rest(from, count);
}
HEED_INLINE void store_partial(float* to, f32x4 a, int count) {
  count >= 4 ? store(to, a) : store_rest(to, a, count);
}

// ---- f32x4: making

HEED_INLINE f32x4 splat(float a) { return {wasm_f32x4_splat(a)}; }
HEED_INLINE f32x4 zero() { return {wasm_f32x4_splat(0.0f)}; }
HEED_INLINE f32x4 make_f32(float a, float b, float c, float d) {
  return {wasm_f32x4_make(a, b, c, d)};
}

template <int kLane>
HEED_INLINE float lane(f32x4 a) {
  return wasm_f32x4_extract_lane(a.v, kLane);
}

// ---- f32x4: arithmetic

HEED_INLINE f32x4 operator+(f32x4 a, f32x4 b) { return {wasm_f32x4_add(a.v, b.v)}; }
HEED_INLINE f32x4 operator-(f32x4 a, f32x4 b) { return {wasm_f32x4_sub(a.v, b.v)}; }
HEED_INLINE f32x4 operator*(f32x4 a, f32x4 b) { return {wasm_f32x4_mul(a.v, b.v)}; }
HEED_INLINE f32x4 operator/(f32x4 a, f32x4 b) { return {wasm_f32x4_div(a.v, b.v)}; }
HEED_INLINE f32x4 operator-(f32x4 a) { return {wasm_f32x4_neg(a.v)}; }
HEED_INLINE f32x4& operator+=(f32x4& a, f32x4 b) { return a = a + b; }
HEED_INLINE f32x4& operator-=(f32x4& a, f32x4 b) { return a = a - b; }
HEED_INLINE f32x4& operator*=(f32x4& a, f32x4 b) { return a = a * b; }
HEED_INLINE f32x4 abs(f32x4 a) { return {wasm_f32x4_abs(a.v)}; }
HEED_INLINE f32x4 sqrt(f32x4 a) { return {wasm_f32x4_sqrt(a.v)}; }
HEED_INLINE f32x4 floor(f32x4 a) { return {wasm_f32x4_floor(a.v)}; }
HEED_INLINE f32x4 ceil(f32x4 a) { return {wasm_f32x4_ceil(a.v)}; }
HEED_INLINE f32x4 trunc(f32x4 a) { return {wasm_f32x4_trunc(a.v)}; }
HEED_INLINE f32x4 round_even(f32x4 a) { return {wasm_f32x4_nearest(a.v)}; }

// a * b + c. In the relaxed build the engine may round once (where the processor has a fused
// instruction) or twice; in the other it rounds twice.
HEED_INLINE f32x4 madd(f32x4 a, f32x4 b, f32x4 c) {
#if defined(HEED_RELAXED)
  return {wasm_f32x4_relaxed_madd(a.v, b.v, c.v)};
#else
  return {wasm_f32x4_add(wasm_f32x4_mul(a.v, b.v), c.v)};
#endif
}

// c - a * b, rounded as `madd` is.
HEED_INLINE f32x4 nmadd(f32x4 a, f32x4 b, f32x4 c) {
#if defined(HEED_RELAXED)
  return {wasm_f32x4_relaxed_nmadd(a.v, b.v, c.v)};
#else
  return {wasm_f32x4_sub(c.v, wasm_f32x4_mul(a.v, b.v))};
#endif
}

// b < a ? b : a, and a < b ? b : a. One instruction each. The result is `a` where either is NaN:
// with the value first and the bound second, a NaN value stays NaN.
HEED_INLINE f32x4 min(f32x4 a, f32x4 b) { return {wasm_f32x4_pmin(a.v, b.v)}; }
HEED_INLINE f32x4 max(f32x4 a, f32x4 b) { return {wasm_f32x4_pmax(a.v, b.v)}; }

// NaN where either is NaN. Some ten instructions on x86.
HEED_INLINE f32x4 min_nan(f32x4 a, f32x4 b) { return {wasm_f32x4_min(a.v, b.v)}; }
HEED_INLINE f32x4 max_nan(f32x4 a, f32x4 b) { return {wasm_f32x4_max(a.v, b.v)}; }

// ---- f32x4: comparisons (false for NaN, but != is true)

HEED_INLINE i32x4 operator<(f32x4 a, f32x4 b) { return {wasm_f32x4_lt(a.v, b.v)}; }
HEED_INLINE i32x4 operator<=(f32x4 a, f32x4 b) { return {wasm_f32x4_le(a.v, b.v)}; }
HEED_INLINE i32x4 operator>(f32x4 a, f32x4 b) { return {wasm_f32x4_gt(a.v, b.v)}; }
HEED_INLINE i32x4 operator>=(f32x4 a, f32x4 b) { return {wasm_f32x4_ge(a.v, b.v)}; }
HEED_INLINE i32x4 operator==(f32x4 a, f32x4 b) { return {wasm_f32x4_eq(a.v, b.v)}; }
HEED_INLINE i32x4 operator!=(f32x4 a, f32x4 b) { return {wasm_f32x4_ne(a.v, b.v)}; }

// Lane by lane: mask ? a : b. The mask's lanes are all ones or zero.
HEED_INLINE f32x4 select(i32x4 mask, f32x4 a, f32x4 b) {
  return {wasm_v128_bitselect(a.v, b.v, mask.v)};
}

// ---- f32x4: across lanes

HEED_INLINE float horizontal_sum(f32x4 a) {
  const v128_t pairs = wasm_f32x4_add(a.v, wasm_i32x4_shuffle(a.v, a.v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(
      wasm_f32x4_add(pairs, wasm_i32x4_shuffle(pairs, pairs, 1, 0, 3, 2)), 0);
}

// NaN when a lane is NaN.
HEED_INLINE float horizontal_max(f32x4 a) {
  const v128_t pairs = wasm_f32x4_max(a.v, wasm_i32x4_shuffle(a.v, a.v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(
      wasm_f32x4_max(pairs, wasm_i32x4_shuffle(pairs, pairs, 1, 0, 3, 2)), 0);
}
HEED_INLINE float horizontal_min(f32x4 a) {
  const v128_t pairs = wasm_f32x4_min(a.v, wasm_i32x4_shuffle(a.v, a.v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(
      wasm_f32x4_min(pairs, wasm_i32x4_shuffle(pairs, pairs, 1, 0, 3, 2)), 0);
}

// Lanes of a and b: indices 0..3 name a's, 4..7 b's.
template <int kA, int kB, int kC, int kD>
HEED_INLINE f32x4 shuffle(f32x4 a, f32x4 b) {
  return {wasm_i32x4_shuffle(a.v, b.v, kA, kB, kC, kD)};
}

// Rows become columns.
HEED_INLINE void transpose(f32x4& a, f32x4& b, f32x4& c, f32x4& d) {
  const f32x4 ab_low = shuffle<0, 4, 1, 5>(a, b), ab_high = shuffle<2, 6, 3, 7>(a, b);
  const f32x4 cd_low = shuffle<0, 4, 1, 5>(c, d), cd_high = shuffle<2, 6, 3, 7>(c, d);
  a = shuffle<0, 1, 4, 5>(ab_low, cd_low);
  b = shuffle<2, 3, 6, 7>(ab_low, cd_low);
  c = shuffle<0, 1, 4, 5>(ab_high, cd_high);
  d = shuffle<2, 3, 6, 7>(ab_high, cd_high);
}

// ---- i32x4

HEED_INLINE i32x4 load(const int32_t* from) { return {wasm_v128_load(from)}; }
HEED_INLINE void store(int32_t* to, i32x4 a) { wasm_v128_store(to, a.v); }
HEED_INLINE i32x4 splat(int32_t a) { return {wasm_i32x4_splat(a)}; }
HEED_INLINE i32x4 make_i32(int32_t a, int32_t b, int32_t c, int32_t d) {
  return {wasm_i32x4_make(a, b, c, d)};
}

template <int kLane>
HEED_INLINE int32_t lane(i32x4 a) {
  return wasm_i32x4_extract_lane(a.v, kLane);
}

HEED_INLINE i32x4 operator+(i32x4 a, i32x4 b) { return {wasm_i32x4_add(a.v, b.v)}; }
HEED_INLINE i32x4 operator-(i32x4 a, i32x4 b) { return {wasm_i32x4_sub(a.v, b.v)}; }
HEED_INLINE i32x4 operator*(i32x4 a, i32x4 b) { return {wasm_i32x4_mul(a.v, b.v)}; }
HEED_INLINE i32x4 operator&(i32x4 a, i32x4 b) { return {wasm_v128_and(a.v, b.v)}; }
HEED_INLINE i32x4 operator|(i32x4 a, i32x4 b) { return {wasm_v128_or(a.v, b.v)}; }
HEED_INLINE i32x4 operator^(i32x4 a, i32x4 b) { return {wasm_v128_xor(a.v, b.v)}; }
HEED_INLINE i32x4 operator~(i32x4 a) { return {wasm_v128_not(a.v)}; }
HEED_INLINE i32x4 operator<(i32x4 a, i32x4 b) { return {wasm_i32x4_lt(a.v, b.v)}; }
HEED_INLINE i32x4 operator>(i32x4 a, i32x4 b) { return {wasm_i32x4_gt(a.v, b.v)}; }
HEED_INLINE i32x4 operator==(i32x4 a, i32x4 b) { return {wasm_i32x4_eq(a.v, b.v)}; }
HEED_INLINE i32x4 min(i32x4 a, i32x4 b) { return {wasm_i32x4_min(a.v, b.v)}; }
HEED_INLINE i32x4 max(i32x4 a, i32x4 b) { return {wasm_i32x4_max(a.v, b.v)}; }
HEED_INLINE i32x4 select(i32x4 mask, i32x4 a, i32x4 b) {
  return {wasm_v128_bitselect(a.v, b.v, mask.v)};
}

template <int kBits>
HEED_INLINE i32x4 shift_left(i32x4 a) {
  return {wasm_i32x4_shl(a.v, kBits)};
}
// Keeps the sign.
template <int kBits>
HEED_INLINE i32x4 shift_right(i32x4 a) {
  return {wasm_i32x4_shr(a.v, kBits)};
}
// Brings in zeros.
template <int kBits>
HEED_INLINE i32x4 shift_right_logical(i32x4 a) {
  return {wasm_u32x4_shr(a.v, kBits)};
}

HEED_INLINE bool any(i32x4 mask) { return wasm_v128_any_true(mask.v); }
HEED_INLINE bool all(i32x4 mask) { return wasm_i32x4_all_true(mask.v); }

// ---- i16x8: what products of 8-bit integers are computed in

// Eight 16-bit integers.
struct i16x8 {
  v128_t v;
};

HEED_INLINE i16x8 load(const int16_t* from) { return {wasm_v128_load(from)}; }
// The two integers at `from`, four times.
HEED_INLINE i16x8 load_splat_pair(const int16_t* from) { return {wasm_v128_load32_splat(from)}; }
// Lane i: a[2 i] * b[2 i] + a[2 i + 1] * b[2 i + 1].
HEED_INLINE i32x4 dot_pairs(i16x8 a, i16x8 b) { return {wasm_i32x4_dot_i16x8(a.v, b.v)}; }

// ---- conversions

HEED_INLINE f32x4 to_f32(i32x4 a) { return {wasm_f32x4_convert_i32x4(a.v)}; }
// Towards zero; out of range saturates, NaN gives 0.
HEED_INLINE i32x4 to_i32(f32x4 a) { return {wasm_i32x4_trunc_sat_f32x4(a.v)}; }
// The same bits.
HEED_INLINE i32x4 bits(f32x4 a) { return {a.v}; }
HEED_INLINE f32x4 from_bits(i32x4 a) { return {a.v}; }

}  // namespace heed::simd

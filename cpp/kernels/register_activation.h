// The activations that cost a few instructions, applied to accumulators before they are stored.
#pragma once

#include <limits>

#include "kernels/activation.h"
#include "simd/f32x4.h"

namespace heed::kernels {

//   t = min(max(v * slope + offset, low), high);   f(v) = (gated ? v * t : t) * scale + shift
struct RegisterActivation {
  bool bounds_only = true;  // slope, offset, gate, scale and shift do nothing
  bool gated = false;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  float slope = 1, offset = 0;
  float scale = 1, shift = 0;
};

// Whether `activation` has that form; if so, sets `form`, else leaves it as it is: without effect.
bool to_register_activation(const Activation& activation, RegisterActivation& form);

// f(v). NaN stays NaN.
inline simd::f32x4 apply_general(const RegisterActivation& form, simd::f32x4 v) {
  const simd::f32x4 t = simd::madd(v, simd::splat(form.slope), simd::splat(form.offset));
  const simd::f32x4 bounded =
      simd::min(simd::max(t, simd::splat(form.low)), simd::splat(form.high));
  return simd::madd(form.gated ? v * bounded : bounded, simd::splat(form.scale),
                    simd::splat(form.shift));
}
inline simd::f32x4 apply(const RegisterActivation& form, simd::f32x4 v) {
  if (!form.bounds_only) return apply_general(form, v);
  return simd::min(simd::max(v, simd::splat(form.low)), simd::splat(form.high));
}

}  // namespace heed::kernels

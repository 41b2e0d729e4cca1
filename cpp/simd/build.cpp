#include "simd/build.h"

#include "simd/f32x4.h"

namespace heed::simd {

const char* build_name() { return kRelaxed ? "relaxed" : "simd128"; }

}  // namespace heed::simd

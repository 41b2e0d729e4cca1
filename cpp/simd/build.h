// Which of the two builds a program is linked with.
#pragma once

namespace heed::simd {

// "simd128" or "relaxed".
const char* build_name();

}  // namespace heed::simd

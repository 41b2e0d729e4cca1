#include "kernels/quantize.h"

#include <algorithm>
#include <cmath>

#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

template <class T>
void quantize_as(const Loop& loop, const float* x, const float* scale, const T* zero_point, T* y) {
  constexpr float kLeast = std::numeric_limits<T>::min(), kMost = std::numeric_limits<T>::max();
  const Extent* steps = loop.row_steps;
  for_each_row(loop, [=](const Extent* at, Extent count) {
    for (Extent i = 0; i < count; ++i) {
      const float zero = zero_point ? static_cast<float>(zero_point[at[3] + i * steps[3]]) : 0.0f;
      const float value =
          std::nearbyint(x[at[1] + i * steps[1]] / scale[at[2] + i * steps[2]]) + zero;
      // In this form NaN becomes the bound, which can be converted.
      const float bounded = value > kLeast ? (value < kMost ? value : kMost) : kLeast;
      y[at[0] + i * steps[0]] = static_cast<T>(bounded);
    }
  });
}

template <class T>
void dequantize_as(const Loop& loop, const T* x, const float* scale, const T* zero_point,
                   float* y) {
  const Extent* steps = loop.row_steps;
  for_each_row(loop, [=](const Extent* at, Extent count) {
    for (Extent i = 0; i < count; ++i) {
      const int64_t zero = zero_point ? zero_point[at[3] + i * steps[3]] : 0;
      const int64_t value = int64_t{x[at[1] + i * steps[1]]} - zero;
      y[at[0] + i * steps[0]] = static_cast<float>(value) * scale[at[2] + i * steps[2]];
    }
  });
}

template <class T>
void widen_as(const T* from, const T* zero_points, Extent runs, Extent length, float* to) {
  for (Extent run = 0; run < runs; ++run) {
    const int zero = zero_points ? zero_points[run] : 0;
    for (Extent i = 0; i < length; ++i) *to++ = static_cast<float>(*from++ - zero);
  }
}

}  // namespace

void quantize(const Loop& loop, const float* x, const float* scale, const void* zero_point, void* y,
              DType type) {
  if (type == DType::kI8) {
    quantize_as(loop, x, scale, static_cast<const int8_t*>(zero_point), static_cast<int8_t*>(y));
  } else {
    quantize_as(loop, x, scale, static_cast<const uint8_t*>(zero_point), static_cast<uint8_t*>(y));
  }
}

void dequantize(const Loop& loop, const void* x, const float* scale, const void* zero_point,
                float* y, DType type) {
  if (type == DType::kI8) {
    dequantize_as(loop, static_cast<const int8_t*>(x), scale,
                  static_cast<const int8_t*>(zero_point), y);
  } else if (type == DType::kU8) {
    dequantize_as(loop, static_cast<const uint8_t*>(x), scale,
                  static_cast<const uint8_t*>(zero_point), y);
  } else {
    dequantize_as(loop, static_cast<const int32_t*>(x), scale,
                  static_cast<const int32_t*>(zero_point), y);
  }
}

void choose_quantization(const float* x, Extent count, float* scale, uint8_t* zero_point) {
  simd::f32x4 least = simd::zero(), most = simd::zero();
  for (Extent i = 0; i < count; i += 4) {
    const simd::f32x4 values = simd::load_partial(x + i, count - i);
    least = simd::min(least, values);
    most = simd::max(most, values);
  }
  const float low = simd::horizontal_min(least), high = simd::horizontal_max(most);
  const float step = high == low ? 1.0f : (high - low) / 255.0f;
  *scale = step;
  *zero_point = static_cast<uint8_t>(std::clamp(std::nearbyint(-low / step), 0.0f, 255.0f));
}

void widen_to_float(const void* from, const void* zero_points, DType type, Extent runs,
                    Extent length, float* to) {
  if (type == DType::kI8) {
    widen_as(static_cast<const int8_t*>(from), static_cast<const int8_t*>(zero_points), runs,
             length, to);
  } else {
    widen_as(static_cast<const uint8_t*>(from), static_cast<const uint8_t*>(zero_points), runs,
             length, to);
  }
}

void round_to_integers(const float* from, Extent count, int32_t* to) {
  for (Extent i = 0; i < count; ++i) to[i] = static_cast<int32_t>(std::nearbyint(from[i]));
}

}  // namespace heed::kernels

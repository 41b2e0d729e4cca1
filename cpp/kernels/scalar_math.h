// Elementary functions on one number, where the C library's would be kilobytes: its tables for the
// sine of huge arguments alone are two.
#pragma once

#include <cmath>

namespace heed::kernels {

// Within 0.51 units in the last place, for all arguments. NaN for NaN and infinities.
float sine(float x);
float cosine(float x);

// Within 2e-10 + 2^-52 |x|, for |x| < 2^31.
double sine(double x);
double cosine(double x);

// The C library's for float has a table of its own.
inline float logarithm(float x) { return static_cast<float>(std::log(static_cast<double>(x))); }

// base^exponent as C's pow, special values included. Relative error: 2^-53 |exponent| for a whole
// exponent, and 0 where the result and what it is multiplied of are whole numbers below 2^53; else
// 2e-13.
double power(double base, double exponent);

}  // namespace heed::kernels

// Element-wise work on integers and bools: rows of every type are widened to 64 bits, computed and
// cut to their type again, so that there is one piece of code for all of them.
#pragma once

#include "base/dtype.h"
#include "kernels/elementwise_binary.h"

namespace heed::kernels {

enum class IntegerKind : uint8_t { kCopy, kNeg, kAbs, kSign, kRelu, kNot, kBitwiseNot, kClip };

// row[i] = from[i * step], for the integer types and bool.
void load_integers(DType dtype, const void* from, Extent step, Extent count, int64_t* row);
void store_integers(DType dtype, void* to, Extent step, Extent count, const int64_t* row);

// y = f(x) over the loop of (y, x); kClip is min(max(x, low), high).
void integer_unary(IntegerKind kind, int64_t low, int64_t high, DType dtype, const Loop& loop,
                   void* y, const void* x);

// a[i] = f(a[i], b[i]).
void integer_row(BinaryKind kind, int64_t* a, const int64_t* b, Extent count);

// Where element `index` of that type is.
inline const std::byte* element(const void* base, DType dtype, Extent index) {
  return static_cast<const std::byte*>(base) +
         static_cast<ptrdiff_t>(index) * static_cast<ptrdiff_t>(byte_size(dtype));
}
inline std::byte* element(void* base, DType dtype, Extent index) {
  return static_cast<std::byte*>(base) +
         static_cast<ptrdiff_t>(index) * static_cast<ptrdiff_t>(byte_size(dtype));
}

}  // namespace heed::kernels

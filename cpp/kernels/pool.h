// Pooling of channels-last tensors.
#pragma once

#include "base/dtype.h"
#include "base/shape.h"

namespace heed::kernels {

enum class PoolKind : uint8_t {
  kMax,
  kAverage,  // over the positions inside the input, or over all
  kLp,       // (sum |x|^p)^(1/p)
};

// One spatial axis. Output position o sees input positions o * stride - pad_begin + t * dilation at
// taps t; those outside the input do not take part.
struct PoolAxis {
  Extent in = 1, out = 1;
  Extent taps = 1, stride = 1, dilation = 1;
  Extent pad_begin = 0, pad_end = 0;
};

// Input (batch, axes[0].in, axes[1].in, axes[2].in, channels), output the same with `out`; both
// contiguous.
struct Pool {
  PoolKind kind = PoolKind::kMax;
  Extent batch = 1, channels = 0;
  PoolAxis axes[3];
  // Average: positions in the padding count as zeros. The last windows may reach beyond it (ceil
  // mode), and what lies there never counts.
  bool count_padding = false;
  float p = 2;
};

// y = pool(x) of floats, vectorised over channels. A NaN in a window gives NaN. A window without a
// position gives 0, the maximum -inf.
void pool(const Pool& pool, float* y, const float* x);

// The maximum of floats, uint8 or int8, and, unless `indices` is null, where it stands: an index
// into the row-major tensor (batch, channels, spatial...); the spatial axes count column-major if
// `column_major` says so. Of equal ones the first.
void max_pool_indices(const Pool& pool, DType dtype, bool column_major, void* y, int64_t* indices,
                      const void* x);

}  // namespace heed::kernels

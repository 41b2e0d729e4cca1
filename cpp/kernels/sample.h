// Reading feature maps at computed positions: GridSample and AffineGrid.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

enum class SampleMode : uint8_t { kNearest, kLinear, kCubic };
enum class SamplePadding : uint8_t { kZeros, kBorder, kReflection };

// from (batch / grids, extents..., channels), channels last, read by `grids` grids each; grid
// (batch, points, spatial) with x, that is the last spatial axis, first; to (batch, points,
// channels). Positions -1..1 span the extents: from centre to centre with align_corners, from edge
// to edge without. Positions outside are first moved by the padding (but for cubic at the border),
// then the elements around them are read, those outside by the padding again. Positions beyond 10^9
// elements count as outside. NaN is as PyTorch has it: zeros around x give NaN, but the nearest
// zero is 0; cubic gives NaN; else element 0 is read. Nothing overlaps.
struct GridSample {
  int spatial;  // 2 or 3
  Extent batch, extents[3], channels, points;
  SampleMode mode;
  SamplePadding padding;
  bool align_corners;
  Extent grids = 1;
};
void grid_sample(const GridSample& sample, const float* from, const float* grid, float* to);

// to[b, position..., :] = theta[b] (x, y, [z,] 1), theta (batch, spatial, spatial + 1). x runs
// along the last of the extents.
void affine_grid(int spatial, Extent batch, const Extent* extents, bool align_corners,
                 const float* theta, float* to);

}  // namespace heed::kernels

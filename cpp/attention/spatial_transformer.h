// The spatial transformer and the two functions that it is made of.
#pragma once

namespace heed::attention {

class Builder;

// affineGrid: the positions at which an affine map reads its input, for each position of its
// output.
//
// - Formula: grid[b, i, j] = theta[b] (x_j, y_i, 1), x and y from -1 to 1: the centres of the
// elements, or with alignCorners the corners; an extent of 1 is 0
// - Input theta: (batch, 2, 3), or (batch, 3, 4) for volumes
// - Output grid: (batch, height, width, 2), the last axis being (x, y), x along the width
// - Option size: number[]. [height, width] of the grid, or [depth, height, width].
// - Option alignCorners: boolean = false. PyTorch before 1.3 had true; gridSample needs the same.
// - Weights: none
// - Source: Jaderberg et al., "Spatial Transformer Networks", NeurIPS 2015; PyTorch F.affine_grid
// - Example: { size: [8, 8] } of theta [1, 2, 3]
void build_affine_grid(Builder& b);

// gridSample: a feature map read at given positions.
//
// - Formula: output[b, c, i, j] = sum over the elements around grid[b, i, j] of weight *
// x[b, c, element]
// - Input x: (batch, channels, height, width), or with a depth
// - Input grid: (batch, outHeight, outWidth, 2), the last axis being (x, y); -1 and 1 are the edges
// of x, or with alignCorners the centres of its outermost elements
// - Output output: (batch, channels, outHeight, outWidth)
// - Option mode: "bilinear" | "nearest" | "bicubic" = "bilinear". The nearest of two that are as
// near is the one with the even index.
// - Option padding: "zeros" | "border" | "reflection" = "zeros". What is read outside of x.
// - Option alignCorners: boolean = false. PyTorch before 1.3 had true.
// - Weights: none
// - Source: PyTorch F.grid_sample
// - Example: {} of x [1, 16, 8, 8], grid [1, 6, 6, 2]
void build_grid_sample(Builder& b);

// SpatialTransformer: the region of x that an affine map shows, resampled.
//
// - Formula: grid = affineGrid(theta, size), output = gridSample(x, grid)
// - Input x: (batch, channels, height, width)
// - Input theta: (batch, 2, 3): from positions of the output to positions of x
// - Output output: (batch, channels, height, width) of `size`
// - Map theta: region, (batch, 2, 3)
// - Map grid: region, (batch, height, width, 2)
// - Option size: number[]. [height, width] of the output; by default those of x.
// - Option mode: "bilinear" | "nearest" | "bicubic" = "bilinear".
// - Option padding: "zeros" | "border" | "reflection" = "zeros". What is read outside of x.
// - Option alignCorners: boolean = false. The paper and PyTorch before 1.3 have true.
// - Weights: none
// - Source: Jaderberg et al., "Spatial Transformer Networks", NeurIPS 2015
// - Example: { size: [8, 8] } of x [1, 16, 12, 12], theta [1, 2, 3]
void build_spatial_transformer(Builder& b);

}  // namespace heed::attention

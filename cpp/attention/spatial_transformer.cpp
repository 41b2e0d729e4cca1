#include "attention/recipes.h"

const char heed::attention::recipes::spatial_transformer[] = R"(
# The positions (batch, height, width, 2) at which matrices (batch, 2, 3) read a feature map; `size`
# is an integer tensor of height and width. Matrices (batch, 3, 4) and three sizes give those of a
# volume.
fn affine_grid(theta, size, align)
  AffineGrid(theta, Concat(Shape(theta, end=1), [1], size, axis=0), align_corners=align)

fn grid_sample(x, grid)
  GridSample(x, grid, mode=["linear", "nearest", "cubic"][$mode("bilinear|nearest|bicubic")],
             padding_mode=["zeros", "border", "reflection"][$padding("zeros|border|reflection")],
             align_corners=$alignCorners())

layer affineGrid {
  volume = len(numbers("size")) == 3
  theta = arg("theta", volume ? "batch 3 4" : "batch 2 3")
  if !$size invalid("it needs the option 'size'")
  result(affine_grid(theta, axes("size", volume ? 3 : 2, 1, 1), $alignCorners()), "grid")
}

layer gridSample {
  x = arg("x", "batch channels *")
  result(grid_sample(x, arg("grid", "batch *")))
}

layer SpatialTransformer {
  x = arg("x", "batch channels height width")
  theta = arg("theta", "batch 2 3")
  grid = affine_grid(theta, $size ? axes("size", 2, 1, 1) : size(x), $alignCorners())
  map("region", theta, "batch 2 3", "theta")
  map("region", grid, "batch height width 2", "grid")
  result(grid_sample(x, grid))
}
)";

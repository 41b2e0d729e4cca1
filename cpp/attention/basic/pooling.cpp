#include "attention/recipes.h"

const char heed::attention::recipes::pooling[] = R"(
fn pool(average) {
  count = $axes(2) == 1 ? 1 : 2
  if !$kernelSize invalid("the option 'kernelSize' is missing")
  kernel = axes("kernelSize", count, 1, 1)
  pads = axes("padding", count, 0, 0)
  pads = pads + pads
  strides = $stride ? axes("stride", count, 1, 1) : kernel
  spatial = count == 1 ? "length" : "height width"
  ceil = $ceil()
  x = arg("x", "batch channels {spatial}")
  result(average ? AveragePool(x, kernel_shape=kernel, strides=strides, pads=pads, ceil_mode=ceil,
                               count_include_pad=$countIncludePad(1, 0))
                 : MaxPool(x, kernel_shape=kernel, strides=strides, pads=pads, ceil_mode=ceil))
}
fn whole_pool(y) result($keepAxes() ? y : Flatten(y))

layer AvgPool pool(1)
layer MaxPool pool()
layer GlobalAveragePool whole_pool(GlobalAveragePool(arg("x", "batch channels *")))
layer GlobalMaxPool whole_pool(GlobalMaxPool(arg("x", "batch channels *")))
)";

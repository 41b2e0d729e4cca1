#include "attention/recipes.h"

const char heed::attention::recipes::simam[] = R"(
layer SimAM {
  x = arg("x", "batch channels height width")
  lambda = num("lambda", 1e-4)
  others = ReduceProd(real(size(x)), [0]) - 1
  centred = x - GlobalAveragePool(x)
  variance = ReduceSumSquare(centred, [2, 3]) / others
  # d / q + 1/2 = (d + q/2) / q.
  q = (variance + lambda) * 4
  a = Sigmoid((centred * centred + q * 0.5) * Reciprocal(q))
  map("spatial", a, "batch channels height width")
  result(x * a)
}
)";

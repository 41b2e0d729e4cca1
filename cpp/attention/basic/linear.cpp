#include "attention/recipes.h"

const char heed::attention::recipes::linear[] = R"(
layer Linear {
  in = told_by("weight", 1, "inFeatures")
  out = told_by("weight", 0, "outFeatures")
  result(linear(arg("x", "*"), "", out, in))
}

layer Embedding {
  count = told_by("weight", 0, "count")
  width = told_by("weight", 1, "width")
  result(Gather(weight("weight", [count, width]), arg("indices", "*", 1)))
}
)";

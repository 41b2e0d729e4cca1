#include "attention/recipes.h"

const char heed::attention::recipes::elementwise[] = R"(
fn whole_numbers(option) {
  values = numbers(option)
  if !values invalid("the option '{option}' is missing")
  values
}

# Arguments by their places: at least two.
fn all_arguments() {
  all = [arg("x0", "*"), arg("x1", "*")]
  while more() all = all + [arg("x2", "*")]
  all
}

layer Activation {
  function = act("function", "relu")
  x = arg("x", "*")
  result(text("function") == "leaky_relu" ? LeakyRelu(x, alpha=num("negativeSlope", 0.01))
                                          : activate(x, function))
}
layer Softmax result(Softmax(arg("x", "*"), axis=num("axis", -1) // 1))
layer Flatten result(Flatten(arg("x", "batch *")))
layer Transpose result(Transpose(arg("x", "*"), perm=whole_numbers("order")))
layer Reshape result(Reshape(arg("x", "*"), whole_numbers("shape")))
layer Slice result(Slice(arg("x", "*"), [num("begin", 0)], [num("end", 2147483647)], [num("axis", 1)]))
layer Sum result(Sum(all_arguments()))
layer Product {
  y = 0
  for x all_arguments() y = y ? y * x : x
  result(y)
}
layer Concat result(Concat(all_arguments(), axis=num("axis", 1) // 1))
)";

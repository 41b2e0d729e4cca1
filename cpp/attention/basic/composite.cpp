#include "attention/recipes.h"

const char heed::attention::recipes::composite[] = R"(
fn expect_parts(most)
  if parts() < 1 or parts() > most invalid("it has {parts()} parts, expected 1 or more")

# The parts, one after the other.
fn in_sequence(x) {
  for i parts() x = part(i, x)
  x
}

layer Sequential result(in_sequence(arg("x", "*")))

layer Residual {
  expect_parts(2)
  x = arg("x", "*")
  if !ok() return 0
  y = part(0, x)
  result(activate(y + (parts() > 1 ? part(1, x) : x), act("activation", "none")))
}

layer HybridAttention {
  expect_parts(1e9)
  combine = $combine("sequence|sum|product|max|concat")
  x = arg("x", "*")
  y = x
  if combine == 0 y = in_sequence(x)
  else {
    all = []
    for i parts() {
      one = part(i, x)
      all = all + [one]
      if combine == 2 y = i ? y * one : one
    }
    if combine == 1 y = Sum(all)
    if combine == 3 y = Max(all)
    if combine == 4 y = Concat(all, axis=1)
  }
  result($residual() ? y + x : y)
}
)";

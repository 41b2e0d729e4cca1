#include "attention/simam.h"

#include "attention/builder.h"

namespace heed::attention {

void build_simam(Builder& b) {
  const Value x = b.argument("x", "batch channels height width");
  const auto lambda = static_cast<float>(b.number("lambda", 1e-4));
  const Value size = b.size_of(x);
  const Value extents = b.set("to", 1).node("Cast", {size});
  const Value others = b.sub(b.reduce("ReduceProd", extents, {0}), b.scalar(1));
  const Value centred = b.sub(x, b.node("GlobalAveragePool", {x}));
  const Value variance = b.div(b.reduce("ReduceSumSquare", centred, {2, 3}), others);
  // d / q + 1/2 = (d + q/2) / q.
  const Value q = b.mul(b.add(variance, b.scalar(lambda)), b.scalar(4));
  const Value d = b.add(b.mul(centred, centred), b.mul(q, b.scalar(0.5f)));
  const Value a = b.sigmoid(b.mul(d, b.node("Reciprocal", {q})));
  b.map("spatial", a, "batch channels height width");
  b.result(b.mul(x, a));
}

}  // namespace heed::attention

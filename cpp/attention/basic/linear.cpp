#include "attention/basic/linear.h"

#include "attention/builder.h"

namespace heed::attention {

void build_linear(Builder& b) {
  const Extent in = b.extent_or_option("weight", 1, "inFeatures");
  const Extent out = b.extent_or_option("weight", 0, "outFeatures");
  const Value x = b.argument("x", "*");
  b.result(b.linear(x, "", out, in));
}

void build_embedding(Builder& b) {
  const Extent count = b.extent_or_option("weight", 0, "count");
  const Extent width = b.extent_or_option("weight", 1, "width");
  const Value indices = b.argument("indices", "*", {}, DType::kI64);
  b.result(b.node("Gather", {b.weight("weight", {count, width}), indices}));
}

}  // namespace heed::attention

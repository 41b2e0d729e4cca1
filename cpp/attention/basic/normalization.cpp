#include "attention/basic/normalization.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

float epsilon(Builder& b) { return static_cast<float>(b.number("eps", 1e-5)); }

}  // namespace

void build_batch_norm(Builder& b) {
  const Extent channels = b.channels("weight", 0);
  const Value x = b.argument("x", "batch # *", {channels});
  b.result(b.batch_norm(x, "", channels, epsilon(b)));
}

void build_layer_norm(Builder& b) {
  const Extent width = b.extent_or_option("weight", 0, "width");
  b.result(b.layer_norm(b.argument("x", "*"), "", width, epsilon(b)));
}

void build_group_norm(Builder& b) {
  const Extent channels = b.channels("weight", 0);
  const Value x = b.argument("x", "batch # *", {channels});
  const Extent groups = b.integer("groups", 0, 1);
  if (groups == 0 || channels % groups != 0) {
    b.fail(Code::kWrongValue, channels, " channels do not divide into so many groups: ", groups);
  }
  const Value gain = b.weight("weight", {channels}, Fill::kOnes);
  const Value bias = b.weight("bias", {channels}, Fill::kZeros);
  b.result(b.set("num_groups", groups)
               .set_real("epsilon", epsilon(b))
               .node("GroupNormalization", {x, gain, bias}));
}

}  // namespace heed::attention

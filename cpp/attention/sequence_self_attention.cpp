#include "attention/sequence_self_attention.h"

#include "attention/lengths.h"

namespace heed::attention {

void build_sequence_self_attention(Builder& b) {
  const Extent channels = b.channels("q_proj.weight", 1);
  const Extent width = b.extent("q_proj.weight", 0, b.integer("width", channels, 1));
  const Value x = b.argument("x", "batch length #", {channels});
  const Value q = b.linear(x, "q_proj", width, channels);
  const Value k = b.linear(x, "k_proj", width, channels);
  const Value v = b.linear(x, "v_proj", b.extent("v_proj.weight", 0, width), channels);
  const Value y = attend_once(b, q, k, v, kNoTensor, 0, "self");
  if (!b.flag("readOut")) return b.result(y);
  b.result(b.div(b.reduce("ReduceSum", y, {1}, false), b.reduce("ReduceL2", y, {1}, false)));
}

}  // namespace heed::attention

#include "attention/double_attention.h"

#include <algorithm>

#include "attention/positions.h"

namespace heed::attention {

void build_double_attention(Builder& b) {
  const Extent channels = b.channels("convA.weight", 1);
  const Extent quarter = std::max<Extent>(1, channels / 4);
  const Extent hidden = b.extent("convA.weight", 0, b.integer("hidden", quarter, 1));
  const Extent maps = b.extent("convB.weight", 0, b.integer("maps", hidden, 1));
  const bool over_batch = b.choice("softmax", "positions|batch") == 1;
  const Value x = b.argument("x", "batch # height width", {channels});
  const auto tokens = [&](const char* name, Extent out) {
    return b.tokens(b.conv(x, name, {.out = out, .in = channels}));
  };
  const Value features = tokens("convA", hidden);
  const auto attention = [&](const char* name, int axis, const char* map) {
    const Value y = b.softmax(tokens(name, maps), over_batch ? 0 : axis);
    b.map("self", b.transpose(y, "021"), "batch maps positions", map);
    return y;
  };
  const Value gather = attention("convB", 1, "gather");
  const Value distribute = attention("convV", 2, "distribute");
  const Value gathered = b.einsum("bnk,bnc->bkc", gather, features);
  const Value y = from_tokens(b, b.matmul(distribute, gathered), x);
  const bool last = b.fresh() || b.has("conv_reconstruct.weight");
  b.result(last ? b.conv(y, "conv_reconstruct", {.out = channels, .in = hidden}) : y);
}

}  // namespace heed::attention

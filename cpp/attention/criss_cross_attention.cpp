#include "attention/criss_cross_attention.h"

#include <algorithm>

#include "attention/builder.h"

namespace heed::attention {

void build_criss_cross_attention(Builder& b) {
  const Extent channels = b.channels("query_conv.weight", 1);
  const Extent by_default = b.integer("hidden", std::max<Extent>(1, channels / 8), 1);
  const Extent hidden = b.extent("query_conv.weight", 0, by_default);
  Value x = b.argument("x", "batch # height width", {channels});
  const Value gamma = b.weight("gamma", {1}, Fill::kZeros);
  Value map = kNoTensor;
  const Extent passes = b.integer("recurrence", 1, 1);
  constexpr Extent kMost = 16;
  if (passes > kMost) b.fail(Code::kWrongValue, "the option 'recurrence' is above ", kMost);
  for (Extent pass = 0; pass < std::min(passes, kMost); ++pass) {
    const auto conv = [&](const char* name, Extent out) {
      return b.conv(x, name, {.out = out, .in = channels});
    };
    const Value q = conv("query_conv", hidden), k = conv("key_conv", hidden);
    // The map's rows sum to 1, so that gamma may be part of the convolution.
    const Value y = b.node("CrissCross", {q, k, b.mul(conv("value_conv", channels), gamma)});
    map = b.next_output();
    x = b.add(y, x);
  }
  b.map("self", map, "batch height width places");
  b.result(x);
}

}  // namespace heed::attention

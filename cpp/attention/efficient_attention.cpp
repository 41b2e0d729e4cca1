#include "attention/efficient_attention.h"

#include "attention/positions.h"

namespace heed::attention {

void build_efficient_attention(Builder& b) {
  const Extent channels = b.channels("keys.weight", 1);
  const Extent keys = b.extent("keys.weight", 0, b.integer("keys", channels, 1));
  const Extent values = b.extent("values.weight", 0, b.integer("values", channels, 1));
  const Extent heads = b.integer("heads", 1, 1);
  if (keys % heads != 0 || values % heads != 0) {
    b.raw_weight("keys.weight");  // which may be why
    b.fail(Code::kWrongValue, keys, " channels of keys and ", values,
           " of values do not divide into ", heads, " heads");
    return;
  }
  const Value x = b.argument("x", "batch # height width", {channels});
  const auto tokens = [&](const char* name, Extent out) {
    const Value y = b.transpose(b.conv(x, name, {.out = out, .in = channels}), "0231");
    return b.reshape(y, {0, -1, heads, out / heads});
  };
  const Value k = b.softmax(tokens("keys", keys), 1), q = b.softmax(tokens("queries", keys), 3);
  const Value context = b.einsum("bnhk,bnhv->bhkv", k, tokens("values", values));
  b.map("self", context, "batch heads keys values", "context");
  const Value y = from_tokens(b, b.einsum("bnhk,bhkv->bnhv", q, context), x);
  b.result(b.add(b.conv(y, "reprojection", {.out = channels, .in = values}), x));
}

}  // namespace heed::attention

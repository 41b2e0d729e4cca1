#include "attention/external_attention.h"

#include "attention/positions.h"

namespace heed::attention {

namespace {

// a = softmax over positions (axis 1), divided by its sum over the memory (the last axis).
Value normalized(Builder& b, Value scores, int memory_axis, float epsilon) {
  const Value a = b.softmax(scores, 1);
  Value sum = b.reduce("ReduceSum", a, {memory_axis});
  if (epsilon > 0) sum = b.add(sum, b.scalar(epsilon));
  return b.div(a, sum);
}

constexpr float kEpsilon = 1e-9f;

// Nothing stands between conv1 and linear_0, nor between linear_1 and conv2.0: each pair is one
// product of few columns. (conv1's bias adds the same to all positions; it leaves the softmax as it
// is.)
void build_image(Builder& b) {
  const Extent channels = b.channels("conv1.weight", 1);
  const Extent memory = b.extent("linear_0.weight", 0, b.integer("memory", 64, 1));
  const Value x = b.argument("x", "batch # height width", {channels});
  const auto product = [&](const char* a, Extent rows, const char* c, Extent between, Extent in) {
    const Value w = b.matmul(b.weight(a, {rows, between}), b.weight(c, {between, in}));
    return b.reshape(w, {0, 0, 1, 1});
  };
  b.optional_weight("conv1.bias", {channels});
  Value y =
      b.node("Conv", {x, product("linear_0.weight", memory, "conv1.weight", channels, channels)});
  const Value a = normalized(b, b.tokens(y), 2, kEpsilon);
  b.map("self", b.transpose(a, "021"), "batch memory positions");
  y = b.node("Conv", {from_tokens(b, a, x),
                      product("conv2.0.weight", channels, "linear_1.weight", channels, memory),
                      b.optional_weight("conv2.0.bias", {channels}, false)});
  b.result(b.relu(b.add(b.batch_norm(y, "conv2.1", channels), x)));
}

void build_heads(Builder& b) {
  const Extent channels = b.channels("trans_dims.weight", 1);
  const Extent width = b.extent("trans_dims.weight", 0, 4 * channels);
  const Extent heads = 4 * b.integer("heads", 8, 1);
  const Extent memory = b.extent("linear_0.weight", 0, b.integer("memory", 64, 1));
  if (width % heads != 0) {
    b.raw_weight("trans_dims.weight");  // which may be why
    b.fail(Code::kWrongValue, width, " channels do not divide into ", heads, " heads");
    return;
  }
  const Value x = b.argument("x", "batch length #", {channels});
  const Extent per_head = width / heads;
  const Value q = b.reshape(b.linear(x, "trans_dims", width, channels), {0, 0, heads, per_head});
  const Value a = normalized(b, b.linear(q, "linear_0", memory, per_head), 3, kEpsilon);
  b.map("self", b.transpose(a, "0213"), "batch heads length memory");
  const Value y = b.reshape(b.linear(a, "linear_1", per_head, memory), {0, 0, width});
  b.result(b.linear(y, "proj", channels, width));
}

void build_tokens(Builder& b) {
  const Extent channels = b.channels("mk.weight", 1);
  const Extent memory = b.extent("mk.weight", 0, b.integer("memory", 64, 1));
  const Value x = b.argument("x", "batch length #", {channels});
  const Value a = normalized(b, b.linear(x, "mk", memory, channels, Bias::kNone), 2, 0);
  b.map("self", a, "batch length memory");
  b.result(b.linear(a, "mv", channels, memory, Bias::kNone));
}

}  // namespace

void build_external_attention(Builder& b) {
  int form = b.choice("form", "image|heads|tokens");
  if (!b.fresh() && !b.has_option("form")) {
    form = b.has("mk.weight") ? 2 : b.has("trans_dims.weight") ? 1 : 0;
  }
  constexpr Build kForms[] = {build_image, build_heads, build_tokens};
  kForms[form](b);
}

}  // namespace heed::attention

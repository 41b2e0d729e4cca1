#include "attention/global_context.h"

#include "attention/context.h"

namespace heed::attention {

void build_global_context(Builder& b) {
  const bool timm = b.has("conv_attn.weight");
  const char* const scores = timm ? "conv_attn" : "conv_mask";
  const char* const add = timm ? "mlp_add." : "channel_add_conv.";
  const char* const mul = timm ? "mlp_scale." : "channel_mul_conv.";
  const Extent channels = b.channels(join(scores, ".weight"), 1);
  const bool muls = b.has_below(mul), adds = b.has_below(add) || !muls;
  const uint32_t fusion = b.fresh() ? b.choices("fusion", "add|mul", 1) : adds + 2u * muls;
  ContextMlp mlp = {
      .place = "", .reduce = "0", .norm = "1", .expand = "3", .out = channels, .in = channels};
  if (timm) mlp = {"", "fc1", "norm", "fc2", channels, channels, 0, 1e-6f};
  mlp.hidden = b.integer("hidden", channels / 16, 1);
  const Value x = b.argument("x", "batch # height width", {channels});
  const Value context = context_of(b, x, scores, channels, Bias::kAsGiven);
  b.map("spatial", b.reshape(b.next_output(), {0, 1, -1}), "batch 1 positions");
  const auto branch = [&](const char* place) {
    mlp.place = place;
    mlp.hidden = b.extent(join(place, mlp.reduce, ".weight"), 0, mlp.hidden);
    return context_mlp(b, context, mlp);
  };
  Value y = x;
  if (fusion & 2) y = b.mul(y, b.sigmoid(branch(mul)));
  if (fusion & 1) y = b.add(y, branch(add));
  b.result(y);
}

}  // namespace heed::attention

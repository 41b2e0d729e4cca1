#include "attention/recipes.h"

const char heed::attention::recipes::global_context[] = R"(
layer GlobalContext {
  timm = has("conv_attn.weight")
  scores = timm ? "conv_attn." : "conv_mask."
  add = timm ? "mlp_add." : "channel_add_conv."
  mul = timm ? "mlp_scale." : "channel_mul_conv."
  channels = channels_of("{scores}weight", 1)
  muls = below(mul)
  fusion = fresh() ? choices("fusion", "add|mul", 1) : (below(add) or !muls) + 2 * muls
  hidden = $hidden(channels // 16)
  x = arg("x", "batch {channels} height width")
  context = context_of(x, scores, channels, 1)
  map("spatial", Reshape(next(), [0, 1, -1]), "batch 1 positions")
  fn branch(place) {
    if timm context_mlp(context, "{place}fc1.", "{place}norm.", "{place}fc2.", channels, channels,
                        extent("{place}fc1.weight", 0, hidden), 1e-6)
    else context_mlp(context, "{place}0.", "{place}1.", "{place}3.", channels, channels,
                     extent("{place}0.weight", 0, hidden))
  }
  y = x
  if fusion > 1 y = y * Sigmoid(branch(mul))
  if fusion % 2 y = y + branch(add)
  result(y)
}
)";

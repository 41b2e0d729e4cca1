#include "attention/recipes.h"

const char heed::attention::recipes::double_attention[] = R"(
layer DoubleAttention {
  channels = channels_of("convA.weight", 1)
  hidden = extent("convA.weight", 0, $hidden(max(1, channels // 4)))
  maps = extent("convB.weight", 0, $maps(hidden))
  over_batch = $softmax("positions|batch")
  x = arg("x", "batch {channels} height width")
  fn projected(place, out) tokens(conv(x, place, out, channels))
  features = projected("convA.", hidden)
  fn attention(place, axis, name) {
    y = Softmax(projected(place, maps), axis=over_batch ? 0 : axis)
    map("self", Transpose(y, perm=[0, 2, 1]), "batch maps positions", name)
    y
  }
  gather = attention("convB.", 1, "gather")
  distribute = attention("convV.", 2, "distribute")
  y = MatMul(distribute, Einsum(gather, features, equation="bnk,bnc->bkc"))
  y = from_tokens(y, x)
  result(fresh() or has("conv_reconstruct.weight") ? conv(y, "conv_reconstruct.", channels, hidden)
                                                   : y)
}
)";

#include "attention/recipes.h"

const char heed::attention::recipes::efficient_attention[] = R"(
layer EfficientAttention {
  channels = channels_of("keys.weight", 1)
  keys = extent("keys.weight", 0, $keys(channels))
  values = extent("values.weight", 0, $values(channels))
  heads = $heads(1)
  if keys % heads or values % heads {
    raw("keys.weight")  # which may be why
    return wrong("{keys} channels of keys and {values} of values do not divide into {heads} heads")
  }
  x = arg("x", "batch {channels} height width")
  fn projected(place, out)
    Reshape(Transpose(conv(x, place, out, channels), perm=[0, 2, 3, 1]),
            [0, -1, heads, out // heads])
  linear = $featureMap("softmax|elu")
  fn features(t, axis) linear ? Elu(t) + 1 : Softmax(t, axis=axis)
  k = features(projected("keys.", keys), 1)
  q = features(projected("queries.", keys), 3)
  context = Einsum(k, projected("values.", values), equation="bnhk,bnhv->bhkv")
  map("self", context, "batch heads keys values", "context")
  y = Einsum(q, context, equation="bnhk,bhkv->bnhv")
  if linear y = y / ReduceSum(q * ReduceSum(k, [1]), [3])
  result(conv(from_tokens(y, x), "reprojection.", channels, values) + x)
}
)";

#include "attention/recipes.h"

const char heed::attention::recipes::additive_attention[] = R"(
layer AdditiveAttention {
  kernels = has("query_layer.kernel")
  plain = has("scale")
  query_place = find("query_proj|linear_query")
  key_place = find("key_proj|linear_context")
  query_name = kernels ? "query_layer.kernel" : "{query_place}weight"
  key_name = kernels ? "memory_layer.kernel" : plain ? "scale" : "{key_place}weight"
  axis = !kernels and !plain  # of a weight's inputs
  channels = channels_of(key_name, axis)
  units = extent(key_name, 1 - axis, $units(channels))
  wide = extent(query_name, axis, $queryChannels(channels))
  query = arg("query", "batch queries {wide}")
  memory = arg("memory", "batch keys {channels}")
  q = query
  k = memory
  if kernels {
    q = MatMul(query, weight(query_name, [wide, units]))
    k = MatMul(memory, weight(key_name, [channels, units]))
  } else if !plain {
    q = linear(query, query_place, units, wide, 0)
    k = linear(memory, key_place, units, channels)
  }
  v = plain ? weight("scale", [channels])
    : kernels ? weight("attention_v", [units]) : weight("v.weight", [1, units])
  if $normalize(has("attention_g"), 0) {
    v = v * (weight("attention_g", [1], 2) / ReduceL2(v, [-1]))
    bias = weight("attention_b", [units], 1)
  }
  a = masked_softmax(AdditiveScore(q, k, v, bias), seen_positions(memory, 1))
  map("temporal", a, "batch queries keys")
  y = MatMul(a, memory)
  out = "linear_out.weight"
  if has(out) y = linear(Concat(y, query, axis=-1), "linear_out.", extent(out, 0), channels + wide)
  result(y)
}
)";

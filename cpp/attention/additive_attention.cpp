#include "attention/additive_attention.h"

#include "attention/lengths.h"

namespace heed::attention {

void build_additive_attention(Builder& b) {
  const bool kernels = b.has("query_layer.kernel"), plain = b.has("scale");
  const std::string query_place(b.find("query_proj|linear_query"));
  const std::string key_place(b.find("key_proj|linear_context"));
  const std::string query_name = kernels ? "query_layer.kernel" : join(query_place, ".weight");
  const std::string key_name = kernels ? "memory_layer.kernel"
                               : plain ? "scale"
                                       : join(key_place, ".weight");
  const int in = kernels || plain ? 0 : 1;  // the axis of a weight's inputs
  const Extent channels = b.channels(key_name, in);
  const Extent units = b.extent(key_name, 1 - in, b.integer("units", channels, 1));
  const Extent wide = b.extent(query_name, in, b.integer("queryChannels", channels, 1));
  const Value query = b.argument("query", "batch queries #", {wide});
  const Value memory = b.argument("memory", "batch keys #", {channels});

  Value q = query, k = memory, v, bias = kNoTensor;
  if (kernels) {
    q = b.matmul(query, b.weight(query_name, {wide, units}));
    k = b.matmul(memory, b.weight(key_name, {channels, units}));
  } else if (!plain) {
    q = b.linear(query, query_place, units, wide, Bias::kNone);
    k = b.linear(memory, key_place, units, channels);
  }
  v = plain     ? b.weight("scale", {channels})
      : kernels ? b.weight("attention_v", {units})
                : b.weight("v.weight", {1, units});
  if (b.has_or_option("attention_g", "normalize")) {
    const Value length = b.reduce("ReduceL2", v, {-1});
    v = b.mul(v, b.div(b.weight("attention_g", {1}, Fill::kOnes), length));
    bias = b.weight("attention_b", {units}, Fill::kZeros);
  }
  const Value a =
      masked_softmax(b, b.node("AdditiveScore", {q, k, v, bias}), seen_positions(b, memory, 1));
  b.map("temporal", a, "batch queries keys");
  const Value context = b.matmul(a, memory);
  if (!b.has("linear_out.weight")) return b.result(context);
  b.result(b.linear(b.concat({context, query}, -1), "linear_out", b.extent("linear_out.weight", 0),
                    channels + wide));
}

}  // namespace heed::attention

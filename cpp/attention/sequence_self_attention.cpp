#include "attention/recipes.h"

const char heed::attention::recipes::sequence_self_attention[] = R"(
layer SequenceSelfAttention {
  channels = channels_of("q_proj.weight", 1)
  width = extent("q_proj.weight", 0, $width(channels))
  x = arg("x", "batch length {channels}")
  q = linear(x, "q_proj.", width, channels)
  k = linear(x, "k_proj.", width, channels)
  v = linear(x, "v_proj.", extent("v_proj.weight", 0, width), channels)
  y = attend(q, k, v)
  record_single_head()
  result($readOut() ? ReduceSum(y, [1], keepdims=0) / ReduceL2(y, [1], keepdims=0) : y)
}
)";

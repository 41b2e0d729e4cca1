#include "attention/recipes.h"

const char heed::attention::recipes::channel_attention[] = R"(
layer ChannelAttention {
  channels = channels_of("fc.weight", 1)
  x = arg("x", "batch {channels} *")
  gated(PooledGate(x, connected("fc.", channels, channels), gate=act("gate", "sigmoid")))
}
)";

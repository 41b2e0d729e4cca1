#include "attention/channel_attention.h"

#include "attention/builder.h"
#include "attention/pooled_gate.h"

namespace heed::attention {

void build_channel_attention(Builder& b) {
  const Extent channels = b.channels("fc.weight", 1);
  PooledGate gate;
  gate.x = b.argument("x", "batch # *", {channels});
  connect(b, gate, "fc", "", 0, channels);
  gate.gate = b.activation("gate", "sigmoid");
  finish_with(b, gate);
}

}  // namespace heed::attention

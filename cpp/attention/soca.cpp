#include "attention/soca.h"

#include <algorithm>

#include "attention/builder.h"
#include "attention/non_local.h"
#include "attention/pooled_gate.h"

namespace heed::attention {

namespace {

// Nonlocal_CA, the quarters ending where half of the size, rounded down, does.
void build_quarters(Builder& b) {
  for (const char* name : {"0.weight", "0.bias", "2.weight", "2.bias"}) {
    b.ignore(join("soca.conv_du.", name));
  }
  const Value x = b.argument("x", "batch channels height width");
  const Value half = b.div(b.size_of(x), b.integers({2}));
  Value rows[2];
  for (int i = 0; i < 2; ++i) {
    Value quarters[2];
    for (int j = 0; j < 2; ++j) {
      const Value begin = b.mul(half, b.integers({i, j}));
      const Value end = b.add(half, b.integers({kMostElements * i, kMostElements * j}));
      const Value quarter = b.node("Slice", {x, begin, end, b.integers({2, 3})});
      quarters[j] =
          b.nested(build_non_local, "non_local", {quarter}, join("quarter", 2 * i + j).c_str());
    }
    rows[i] = b.concat({quarters[0], quarters[1]}, 3);
  }
  b.result(b.concat({rows[0], rows[1]}, 2));
}

}  // namespace

void build_soca(Builder& b) {
  if (b.has_below("non_local.")) return build_quarters(b);
  const Extent channels = b.channels("conv_du.0.weight", 1);
  const Extent formula = std::max<Extent>(1, channels / b.integer("reduction", 8, 1));
  const Extent hidden = b.extent("conv_du.0.weight", 0, b.integer("hidden", formula, 1));
  const Value x = b.argument("x", "batch # height width", {channels});
  PooledGate gate;
  gate.x = b.set("crop", b.integer("crop", 1000)).node("SecondOrderPool", {x});
  connect(b, gate, "conv_du.0", "conv_du.2", hidden, channels);
  Value s;
  add_pooled_gate(b, gate, s);
  b.map("channel", s, "batch channels 1 1");
  b.result(b.mul(x, s));
}

}  // namespace heed::attention

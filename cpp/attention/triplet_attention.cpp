#include "attention/triplet_attention.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

// One of the gates: what becomes axis 1 of x is axis `axis`, the channels taking its place. A
// factor for x, with an extent of 1 on that axis.
struct Gate {
  const char *name, *model_name;
  int axis;
  const char* shape;
  const char* back;  // from the map's axes to those of x
};
constexpr Gate kGates[] = {
    {"cw", "ChannelGateH", 2, "batch 1 channels width", "0213"},
    {"hc", "ChannelGateW", 3, "batch 1 height channels", "0321"},
    {"hw", "SpatialGate", 1, "batch 1 height width", nullptr},
};

}  // namespace

void build_triplet_attention(Builder& b) {
  const Value x = b.argument("x", "batch channels height width");
  const bool models = b.has_below("ChannelGate");
  const bool spatial =
      b.fresh() ? !b.flag("noSpatial") : b.has_below(models ? "SpatialGate." : "hw.");
  const Extent kernel = b.integer("kernel", 7, 1);
  std::vector<Value> factors;
  for (const Gate& gate : kGates) {
    if (gate.axis == 1 && !spatial) break;
    const char* name = models ? gate.model_name : gate.name;
    const std::string place = join(name, models ? ".spatial." : ".conv.");
    const Value pooled =
        b.concat({b.reduce("ReduceMax", x, {gate.axis}), b.mean(x, {gate.axis})}, gate.axis);
    const Value z = gate.back ? b.transpose(pooled, gate.back) : pooled;
    const Value conv = b.conv(z, join(place, "conv"),
                              {.out = 1, .in = 2, .kernel = {kernel, kernel}, .bias = Bias::kNone});
    const Value s = b.sigmoid(b.batch_norm(conv, join(place, "bn"), 1));
    b.map("spatial", s, gate.shape, name);
    factors.push_back(gate.back ? b.transpose(s, gate.back) : s);
  }
  b.result(b.mul(x, b.node("Mean", std::move(factors))));
}

}  // namespace heed::attention

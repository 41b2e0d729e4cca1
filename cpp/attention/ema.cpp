#include "attention/ema.h"

#include <algorithm>

#include "attention/builder.h"

namespace heed::attention {

void build_ema(Builder& b) {
  const Extent groups = b.integer("groups", 32, 1);
  int64_t channels = int64_t{b.extent("gn.weight", 0)} * groups;
  if (b.fresh() || b.has_option("channels")) channels = b.channels("", 0);
  if (channels % groups != 0) {
    b.fail(Code::kWrongValue, channels, " channels do not divide into ", groups, " groups");
  }
  const auto width = static_cast<Extent>(channels / groups);
  const auto all = static_cast<Extent>(std::min<int64_t>(channels, kMostElements));
  const Value x = b.argument("x", "batch # height width", {all});
  const Value t = b.reshape(x, {-1, width, 0, 0});
  const auto gate = [&](int pooled_axis) {
    return b.sigmoid(b.conv(b.mean(t, {pooled_axis}), "conv1x1", {.out = width, .in = width}));
  };
  const Value gain = b.weight("gn.weight", {width}, Fill::kOnes);
  const Value bias = b.weight("gn.bias", {width}, Fill::kZeros);
  const Value gated = b.mul(b.mul(t, gate(3)), gate(2));
  const Value first = b.node("InstanceNormalization", {gated, gain, bias});
  const Value second = b.conv(t, "conv3x3", {.out = width, .in = width, .kernel = {3, 3}});
  // The mean of what the norm gives is its bias.
  const Value first_key = b.reshape(b.softmax(bias, 0), {width, 1});
  const Value pooled = b.reshape(b.node("GlobalAveragePool", {second}), {0, 1, -1});
  const Value second_part = b.matmul(b.tokens(second), first_key);
  const Value first_part = b.matmul(b.softmax(pooled, 2), b.reshape(first, {0, 0, -1}));
  const Value sum = b.add(b.reshape(second_part, {0, 1, -1}), first_part);
  const Value a = b.map_like(b.sigmoid(sum), x);
  b.map("spatial", a, "batch*groups 1 height width");
  b.result(b.reshape(b.mul(t, a), {-1, channels, 0, 0}));
}

}  // namespace heed::attention

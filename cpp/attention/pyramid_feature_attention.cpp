#include "attention/pyramid_feature_attention.h"

#include <algorithm>

#include "attention/builder.h"
#include "attention/pooled_gate.h"

namespace heed::attention {

namespace {

// Keras' convolution, which keeps the size; its kernel is (height, width, in, out).
struct KerasConvolution {
  Extent out, in;
  Extent kernel[2] = {1, 1};
  Extent dilation = 1;
  bool bias = true;
};

Value conv(Builder& b, Value x, const std::string& name, const KerasConvolution& c) {
  const Value kernel =
      b.transpose(b.weight(name + ".kernel", {c.kernel[0], c.kernel[1], c.in, c.out}), "3201");
  const Value bias = c.bias ? b.weight(name + ".bias", {c.out}, Fill::kZeros) : kNoTensor;
  const int64_t pads[] = {c.dilation * (c.kernel[0] - 1) / 2, c.dilation * (c.kernel[1] - 1) / 2};
  return b.set_list("pads", {pads[0], pads[1], pads[0], pads[1]})
      .set_list("dilations", {c.dilation, c.dilation})
      .node("Conv", {x, kernel, bias});
}

// Batch norm by the statistics of the batch, and ReLU.
Value norm(Builder& b, Value x, const std::string& name, Extent channels) {
  const Value gain = b.weight(name + ".gamma", {channels}, Fill::kOnes);
  const Value bias = b.weight(name + ".beta", {channels}, Fill::kZeros);
  const Value mean = b.weight(name + ".moving_mean", {channels}, Fill::kZeros);
  const Value variance = b.weight(name + ".moving_variance", {channels}, Fill::kOnes);
  return b.relu(b.set_real("epsilon", 1e-3f)
                    .set("training_mode", 1)
                    .node("BatchNormalization", {x, gain, bias, mean, variance}));
}

// The four branches of a level; `width` is what each of them gives.
Value context(Builder& b, Value x, const std::string& name, Extent channels, Extent width) {
  Value branches[4];
  for (Extent i = 0; i < 4; ++i) {
    const Extent side = i == 0 ? 1 : 3;
    const KerasConvolution convolution = {width, channels, {side, side}, 2 * i + 1, false};
    branches[i] = conv(b, x, join(name, "_cfe_cfe", i, i == 0 ? "" : "_dilation"), convolution);
  }
  const Value all = b.concat({branches[0], branches[1], branches[2], branches[3]}, 1);
  return norm(b, all, name + "_cfe_BN", 4 * width);
}

Extent context_channels(Builder& b, const std::string& name, Extent given) {
  return b.extent(name + "_cfe_cfe0.kernel", 2, given);
}
Extent context_width(Builder& b, const std::string& name) {
  return b.extent(name + "_cfe_cfe0.kernel", 3, b.integer("width", 32, 1));
}

// Keras numbers layers without a name as it makes them.
const char* first_dense(Builder& b) { return b.has("dense.kernel") ? "dense" : "dense_1"; }

Value channel_attention(Builder& b, Value x, Extent channels, const char* map) {
  const std::string first = first_dense(b), second = first == "dense" ? "dense_1" : "dense_2";
  const Extent hidden = b.extent(first + ".kernel", 1, std::max<Extent>(1, channels / 4));
  PooledGate gate;
  gate.x = x;
  gate.weights[0] = b.transpose(b.weight(first + ".kernel", {channels, hidden}), "10");
  gate.weights[1] = b.weight(first + ".bias", {hidden}, Fill::kZeros);
  gate.weights[2] = b.transpose(b.weight(second + ".kernel", {hidden, channels}), "10");
  gate.weights[3] = b.weight(second + ".bias", {channels}, Fill::kZeros);
  Value s;
  const Value y = add_pooled_gate(b, gate, s);
  b.map("channel", s, "batch channels 1 1", map);
  return y;
}

// low, weighed by the map of `high`.
Value spatial_attention(Builder& b, Value low, Value high, Extent channels, const char* map) {
  const Extent half =
      std::max<Extent>(1, b.extent("spatial_attention_1_conv1.kernel", 3, channels / 2));
  Value sum = kNoTensor;
  for (Extent branch = 1; branch <= 2; ++branch) {
    Value y = high;
    for (Extent step = 1; step <= 2; ++step) {
      const std::string name = join("spatial_attention_", branch, "_conv", step);
      KerasConvolution c = {step == 1 ? half : 1, step == 1 ? channels : half};
      for (int axis = 0; axis < 2; ++axis) {
        const bool across = (branch == step) == (axis == 1);
        c.kernel[axis] = b.extent(name + ".kernel", axis, across ? 9 : 1);
      }
      y = norm(b, conv(b, y, name, c), join("attention", branch, "_", step, "_BN"), c.out);
    }
    sum = branch == 1 ? y : b.add(sum, y);
  }
  const Value s = b.sigmoid(sum);
  b.map("spatial", s, "batch 1 height width", map);
  return b.mul(low, s);
}

Value whole(Builder& b) {
  static constexpr const char* kInputs[] = {"c3", "c4", "c5"};
  const Value low = b.argument("low", "batch channels height width");
  if (b.fresh() && !b.has_option("channels")) {
    b.fail(Code::kInvalidArgument, "a new layer needs the option 'channels'");
  }
  const std::vector<int64_t> given = b.per_axis("channels", 3, 1, 1);
  const Extent width = context_width(b, "C3");
  Value levels[3];
  for (int i = 0; i < 3; ++i) {
    const std::string name = join("C", 3 + i);
    const Extent channels = context_channels(b, name, static_cast<Extent>(given[size_t(i)]));
    const Value x = b.argument(kInputs[i], "batch # *", {channels});
    levels[i] = context(b, x, name, channels, width);
    if (i > 0) levels[i] = b.upsample(levels[i], 2 * i);
  }
  const Extent all = 12 * width;
  const Extent high = b.extent("C345_conv.kernel", 3, b.integer("high", 64, 1));
  Value y = channel_attention(b, b.concat({levels[0], levels[1], levels[2]}, 1), all, "channel");
  y = norm(b, conv(b, y, "C345_conv", {high, all}), "C345_BN", high);
  y = b.upsample(y, 4);
  return b.concat({spatial_attention(b, low, y, high, "spatial"), y}, 1);
}

}  // namespace

void build_pyramid_feature_attention(Builder& b) {
  const std::string name = b.has_option("name") ? std::string(b.text("name")) : "C3";
  enum { kWhole, kContext, kChannel, kSpatial };
  int part = b.choice("part", "whole|context|channel|spatial");
  if (!b.fresh() && !b.has_option("part")) {
    part = b.has("C345_conv.kernel")                   ? kWhole
           : b.has(name + "_cfe_cfe0.kernel")          ? kContext
           : b.has("spatial_attention_1_conv1.kernel") ? kSpatial
                                                       : kChannel;
  }
  if (part == kWhole) return b.result(whole(b));
  if (part == kSpatial) {
    const Extent channels = b.channels("spatial_attention_1_conv1.kernel", 2);
    const Value low = b.argument("low", "batch channels height width");
    const Value high = b.argument("high", "batch # height width", {channels});
    return b.result(spatial_attention(b, low, high, channels, "attention"));
  }
  const bool gate = part == kChannel;
  const Extent channels = gate ? b.channels(join(first_dense(b), ".kernel"), 0)
                               : b.channels(name + "_cfe_cfe0.kernel", 2);
  const Value x = b.argument("x", "batch # height width", {channels});
  b.result(gate ? channel_attention(b, x, channels, "attention")
                : context(b, x, name, channels, context_width(b, name)));
}

}  // namespace heed::attention

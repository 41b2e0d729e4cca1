#include "attention/harmonious_attention.h"

#include <algorithm>

#include "attention/spatial_transformer.h"

namespace heed::attention {

namespace {

constexpr Extent kRegions = 4;

// A convolution and its batch norm; everywhere in HA-CNN a ReLU follows. `place` is what names of
// weights have in front.
Value block(Builder& b, Value x, const std::string& place, const Convolution& convolution) {
  return b.batch_norm(b.conv(x, place + ".conv", convolution), place + ".bn", convolution.out);
}

Value spatial(Builder& b, Value x, const std::string& place) {
  const Convolution first = {.out = 1, .in = 1, .kernel = {3, 3}, .stride = 2, .padding = 1};
  const Value y = b.relu(block(b, b.mean(x, {1}), place + "conv1", first));
  return b.relu(block(b, b.upsample(y, 2), place + "conv2", {.out = 1, .in = 1}));
}

// `z` is what x is pooled to.
Value channel(Builder& b, Value z, const std::string& place, Extent channels) {
  const Extent reduction = b.integer("reduction", 16, 1);
  if (b.fresh() && channels % reduction != 0) {
    b.fail(Code::kWrongValue, channels, " channels are no multiple of the reduction, ", reduction);
  }
  const Extent hidden = b.extent(place + "conv1.conv.weight", 0, channels / reduction);
  z = b.relu(block(b, z, place + "conv1", {.out = hidden, .in = channels}));
  return b.relu(block(b, z, place + "conv2", {.out = channels, .in = hidden}));
}

// The 1x1 convolution's input is a product of a map and a vector, so that it needs to see the
// vector alone: block(s * c) = s * (block(c) - block(0)) + block(0).
Value soft(Builder& b, Value x, Value z, const std::string& place, Extent channels) {
  const Value map = spatial(b, x, place + "spatial_attn.");
  const Value vector = channel(b, z, place + "channel_attn.", channels);
  const NewConstant zeros = make_constant(DType::kF32, {1, channels, 1, 1});
  std::fill_n(zeros.values<float>(), channels, 0.0f);
  const Convolution square = {.out = channels, .in = channels};
  const Value offset = block(b, b.constant(zeros.constant), place + "conv", square);
  const Value rest = b.sub(block(b, vector, place + "conv", square), offset);
  return b.sigmoid(b.relu(b.add(b.mul(map, rest), offset)));
}

Value centres(Builder& b, Value z, const std::string& place, Extent channels) {
  const Value t = b.conv(z, place + "fc", {.out = 2 * kRegions, .in = channels});
  return b.tanh(b.reshape(t, {-1, kRegions, 2}));
}

// The regions of x around these centres: all of its width, a quarter of its height.
Value crops(Builder& b, Value x, Value theta) {
  // From (tx, ty) to the matrix [[1, 0, tx], [0, 1 / 4, ty]].
  static constexpr float kWeights[] = {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr float kBias[] = {1, 0, 0, 0, 0.25f, 0};
  const Value matrices = b.node("MatMul", {theta, b.constant(make_constant(kWeights, Shape{2, 6})),
                                           b.constant(make_constant(kBias, Shape{6}))});
  const bool align_corners = b.flag("alignCorners", true);
  const Value grid = affine_grid(b, b.reshape(matrices, {-1, 2, 3}), b.size_of(x), align_corners);
  Value y =
      b.set("grids", kRegions).set("align_corners", align_corners).node("GridSample", {x, grid});
  if (b.has_option("size")) {
    y = b.resize(y, b.integers(b.per_axis("size", 2, 1, 1)), "linear", true);
  }
  const Value rest = b.set("start", 1).node("Shape", {y});
  return b.node("Reshape", {y, b.concat({b.integers({-1, kRegions}), rest}, 0)});
}

Value input(Builder& b, Extent channels) {
  return b.argument("x", "batch # height width", {channels});
}

Value pool(Builder& b, Value x) { return b.node("GlobalAveragePool", {x}); }

// Of a layer whose output is its map.
void finish(Builder& b, const char* kind, Value y, const char* shape) {
  b.map(kind, y, shape);
  b.result(y);
}

}  // namespace

void build_spatial_attn(Builder& b) {
  finish(b, "spatial", spatial(b, input(b, 0), ""), "batch 1 height width");
}

void build_channel_attn(Builder& b) {
  const Extent channels = b.channels("conv1.conv.weight", 1);
  const Value z = pool(b, input(b, channels));
  finish(b, "channel", channel(b, z, "", channels), "batch channels 1 1");
}

void build_soft_attn(Builder& b) {
  const Extent channels = b.channels("conv.conv.weight", 1);
  const Value x = input(b, channels);
  finish(b, "spatial", soft(b, x, pool(b, x), "", channels), "batch channels height width");
}

void build_hard_attn(Builder& b) {
  const Extent channels = b.channels("fc.weight", 1);
  const Value x = input(b, channels);
  const Value theta = centres(b, pool(b, x), "", channels);
  b.map("region", theta, "batch 4 2");
  b.result(theta, "theta");
  b.result(crops(b, x, theta), "crops");
}

void build_harmonious_attention(Builder& b) {
  const Extent channels = b.channels("hard_attn.fc.weight", 1);
  const Value x = input(b, channels);
  const Value z = pool(b, x);
  const Value map = soft(b, x, z, "soft_attn.", channels);
  const Value theta = centres(b, z, "hard_attn.", channels);
  b.map("spatial", map, "batch channels height width", "soft");
  b.map("region", theta, "batch 4 2", "theta");
  b.result(b.mul(x, map));
  b.result(crops(b, x, theta), "crops");
}

}  // namespace heed::attention

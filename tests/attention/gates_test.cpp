// The gates of feature maps: what their formulas say where implementations go wrong. What holds for
// all of them is in gate_properties_test.cpp.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/single_layers.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

// --- BAM ---

namespace {

// Weights of the official form for one channel in front of the biases that are all that counts.
Weights bam_weights(float channel, float spatial, float channel_weight = 0) {
  const std::string c = "channel_att.gate_c.gate_c_", s = "spatial_att.gate_s.gate_s_";
  return joined({flat(c + "fc_0", {1, 1}, 1, 0), plain_batch_norm(c + "bn_1", 1),
                 flat(c + "fc_final", {1, 1}, channel_weight, channel),
                 flat(s + "conv_reduce0", {1, 1, 1, 1}, 0, 0),
                 plain_batch_norm(s + "bn_reduce0", 1), flat(s + "conv_di_0", {1, 1, 3, 3}, 0, 0),
                 plain_batch_norm(s + "bn_di_0", 1), flat(s + "conv_di_1", {1, 1, 3, 3}, 0, 0),
                 plain_batch_norm(s + "bn_di_1", 1),
                 flat(s + "conv_final", {1, 1, 1, 1}, 0, spatial)});
}

}  // namespace

TEST_CASE("BAM multiplies its branches as the official code does, and adds them when told",
          "[gates]") {
  const Weights weights = bam_weights(2, -0.5f);
  const HostTensor x = input({1, 1, 2, 2}, {3});
  check_values(run_with(layer("BAM", {}), weights, {x}).map(), {1, 1, 2, 2}, {1 + sigmoid(-1)});
  const LayerResults sum = run_with(layer("BAM", {{"merge", "sum"}}), weights, {x});
  check_values(sum.map(), {1, 1, 2, 2}, {1 + sigmoid(1.5f)});
  check_values(sum.output(), {1, 1, 2, 2}, {3 * (1 + sigmoid(1.5f))});
}

TEST_CASE("BAM pools all positions of a map that is not square", "[gates]") {
  // Mc is the mean, Ms is 1. The last element is in the last column, and in the last row.
  for (const Shape& shape : {Shape{1, 1, 1, 4}, Shape{1, 1, 4, 1}}) {
    const HostTensor x = input(shape, {1, 1, 1, 5});
    check_values(run_with(layer("BAM", {}), bam_weights(0, 1, 1), {x}).map(), shape,
                 {1 + sigmoid(2)});
  }
}

TEST_CASE("BAM of xmu's form shrinks 7x7 to one map, and refuses what it does not fit", "[gates]") {
  Weights weights = joined(
      {flat("ca.ca.last_fc", {2, 1}, 0, 1.25f), flat("sa.sa.conv_reduce1", {1, 2, 1, 1}, 0, 0),
       plain_batch_norm("sa.sa.bn_reduce1", 1), flat("sa.sa.last_conv", {1, 1, 1, 1}, 1, 0)});
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    // The centre of the last convolution's window is all that it sees.
    Weights conv = flat("sa.sa.conv_" + n, {1, 1, 3, 3}, 0, i == 0 ? 0.5f : 0.0f);
    if (i > 0) conv[0] = weight(conv[0].name, {1, 1, 3, 3}, {0, 0, 0, 0, 1, 0, 0, 0, 0});
    weights = joined({weights, conv, plain_batch_norm("sa.sa.bn_" + n, 1),
                      flat("ca.ca.fc" + n, {1, i == 0 ? 2 : 1}, 0, 0),
                      plain_batch_norm("ca.ca.bn" + n, 1)});
  }
  const LayerResults results = run_with(layer("BAM", {}), weights, {input({1, 2, 7, 7}, {2})});
  check_values(results.map(), {1, 2, 1, 1}, {1 + sigmoid(1.75f)});
  check_values(results.output(), {1, 2, 7, 7}, {2 * (1 + sigmoid(1.75f))});
  const NamedWeights named = named_weights(weights);
  CHECK(layer_error(layer("BAM", {}), &named, {input({1, 2, 8, 7}, {2})}) ==
        "input 'x' has shape (1, 2, 8, 7), the model expects (batch, 2, 7, 7)");
  // Padded by two it keeps the size.
  check_values(run_with(layer("BAM", {{"padding", 2}}), weights, {input({1, 2, 8, 7}, {2})}).map(),
               {1, 2, 8, 7}, {1 + sigmoid(1.75f)});
}

// --- SimAM ---

TEST_CASE("SimAM divides by one position less than there are", "[gates]") {
  const LayerResults results =
      run_new(layer("SimAM", {{"lambda", 0}}), {input({1, 2, 1, 2}, {0, 2, 3, 3.5f})});
  // d = 1 and sum(d) / (2 - 1) = 2: 1/8 + 1/2, of any pair of numbers.
  check_values(results.map(), {1, 2, 1, 2}, {sigmoid(0.625f)});
  check_values(run_new(layer("SimAM", {{"lambda", 2}}), {input({1, 1, 2, 1}, {0, 2})}).map(),
               {1, 1, 2, 1}, {sigmoid(1.0f / 16 + 0.5f)});
}

TEST_CASE("SimAM of a single position is NaN as in the official code, and of equal ones half open",
          "[gates]") {
  const LayerResults one = run_new(layer("SimAM", {}), {input({1, 2, 1, 1}, {1, 2})});
  check_values(one.output(), {1, 2, 1, 1}, {kNaN});
  check_values(one.map(), {1, 2, 1, 1}, {kNaN});
  const LayerResults equal = run_new(layer("SimAM", {}), {input({1, 1, 2, 3}, {4})});
  check_values(equal.map(), {1, 1, 2, 3}, {sigmoid(0.5f)});
}

// --- Triplet attention ---

namespace {

// A gate that is the sigmoid of its bias, or of the centre of one of its two pooled maps.
Weights triplet_gate(const std::string& place, float bias, int pool = -1) {
  HostTensor conv = weight(place + "conv.weight", {1, 2, 3, 3}, {0});
  if (pool >= 0) conv = changed(conv, static_cast<size_t>(pool) * 9 + 4, 1);
  return joined({{conv}, plain_batch_norm(place + "bn", 1, bias)});
}

}  // namespace

TEST_CASE("triplet attention is the mean of its three gates, or of two without the spatial one",
          "[gates]") {
  const Weights two = joined({triplet_gate("cw.conv.", 0), triplet_gate("hc.conv.", 100)});
  const Weights three = joined({two, triplet_gate("hw.conv.", -100)});
  const HostTensor x = random_input("x", {1, 3, 4, 5}, 1);
  const HostTensor ones = input({1, 3, 4, 5}, {1});
  check_values(run_with(layer("TripletAttention", {}), three, {ones}).output(), {1, 3, 4, 5},
               {0.5f});
  check_values(run_with(layer("TripletAttention", {}), two, {ones}).output(), {1, 3, 4, 5},
               {0.75f});
  CHECK(run_new(layer("TripletAttention", {{"noSpatial", 1}}), {x}).maps.size() == 2);
  CHECK(run_new(layer("TripletAttention", {}), {x}).maps.size() == 3);
}

TEST_CASE("triplet attention pools the maximum first, each gate over its own axis", "[gates]") {
  const HostTensor x = input({1, 1, 2, 2}, {1, 2, 3, -8});
  const auto weights = [](int pool) {
    return joined({triplet_gate("ChannelGateH.spatial.", 0, pool),
                   triplet_gate("ChannelGateW.spatial.", 0, pool),
                   triplet_gate("SpatialGate.spatial.", 0, pool)});
  };
  const LayerResults max = run_with(layer("TripletAttention", {}), weights(0), {x});
  check_values(max.map("ChannelGateH"), {1, 1, 1, 2}, {sigmoid(3), sigmoid(2)});
  check_values(max.map("ChannelGateW"), {1, 1, 2, 1}, {sigmoid(2), sigmoid(3)});
  check_values(max.map("SpatialGate"), {1, 1, 2, 2},
               {sigmoid(1), sigmoid(2), sigmoid(3), sigmoid(-8)});
  const LayerResults mean = run_with(layer("TripletAttention", {}), weights(1), {x});
  check_values(mean.map("ChannelGateH"), {1, 1, 1, 2}, {sigmoid(2), sigmoid(-3)});
  check_values(mean.map("ChannelGateW"), {1, 1, 2, 1}, {sigmoid(1.5f), sigmoid(-2.5f)});
}

// --- Gather-excite ---

TEST_CASE("gather-excite leaves the border's padding out of the mean", "[gates]") {
  const LayerResults results =
      run_new(layer("GatherExcite", {{"extent", 2}}), {input({1, 1, 5, 4}, {1})});
  check_values(results.output(), {1, 1, 5, 4}, {sigmoid(1)});
}

TEST_CASE("gather-excite repeats what a neighbourhood gathered, from its first position on",
          "[gates]") {
  // Windows of three around 0 and 2: (0 + 1) / 2 and (1 + 2 + 6) / 3.
  const LayerResults results =
      run_new(layer("GatherExcite", {{"extent", 2}}), {input({1, 1, 1, 4}, {0, 1, 2, 6})});
  check_values(results.map(), {1, 1, 1, 4}, {sigmoid(0.5f), sigmoid(0.5f), sigmoid(3), sigmoid(3)});
  check_values(run_new(layer("GatherExcite", {}), {input({1, 1, 1, 4}, {0, 1, 2, 6})}).map(),
               {1, 1, 1, 1}, {sigmoid(2.25f)});
}

TEST_CASE("gather-excite takes the number of convolutions for the extent, or is told", "[gates]") {
  Weights weights = {weight("gather.conv1.weight", {2, 1, 3, 3},
                            {0, 0, 0, 0, 1, 0, 0, 0, 0,  //
                             0, 0, 0, 0, 1, 0, 0, 0, 0})};
  const HostTensor x = input({1, 2, 1, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  // One convolution of 3x3: extent 2, every other position. Or extent 0: all of them.
  const float a = sigmoid(1), b = sigmoid(3), c = sigmoid(5), d = sigmoid(7);
  check_values(run_with(layer("GatherExcite", {}), weights, {x}).map(), {1, 2, 1, 4},
               {a, a, b, b, c, c, d, d});
  check_values(run_with(layer("GatherExcite", {{"extent", 0}}), weights, {x}).map(), {1, 2, 1, 4},
               {a, sigmoid(2), b, sigmoid(4), c, sigmoid(6), d, sigmoid(8)});
  const NamedWeights named = named_weights(weights);
  CHECK(layer_error(layer("GatherExcite", {{"extent", 4}}), &named, {x}) ==
        "weights missing: gather.conv2.weight");
  CHECK(layer_error(layer("GatherExcite", {{"extent", 3}, {"gather", 1}, {"channels", 2}}), nullptr,
                    {x}) == "GatherExcite: the option 'extent' must be a power of two, not 3");
}

// --- Coordinate attention ---

TEST_CASE("coordinate attention gates rows by their means over columns, and columns by theirs",
          "[gates]") {
  const Weights weights =
      joined({flat("conv1", {1, 1, 1, 1}, 1, 0), plain_batch_norm("bn1", 1),
              flat("conv_h", {1, 1, 1, 1}, 1, 0), flat("conv_w", {1, 1, 1, 1}, -1, 0)});
  const LayerResults results =
      run_with(layer("CoordinateAttention", {}), weights, {input({1, 1, 2, 2}, {4, 6, -8, 0})});
  // hard_swish(5) = 5, hard_swish(-4) = 0; hard_swish(-2) = -1/3, hard_swish(3) = 3.
  const float r0 = sigmoid(5), r1 = 0.5f, c0 = sigmoid(1.0f / 3), c1 = sigmoid(-3);
  check_values(results.map("rows"), {1, 1, 2, 1}, {r0, r1});
  check_values(results.map("columns"), {1, 1, 1, 2}, {c0, c1});
  check_values(results.output(), {1, 1, 2, 2}, {4 * r0 * c0, 6 * r0 * c1, -8 * r1 * c0, 0});
}

// --- EMA ---

TEST_CASE("EMA's groups share their weights: their order is that of the channels", "[gates]") {
  const Layer ema = layer("EMA", {{"channels", 6}, {"groups", 2}});
  const HostTensor x = random_input("x", {1, 6, 3, 5}, 1);
  HostTensor groups = x;
  groups.shape = {2, 3, 3, 5};
  groups = swapped(groups);
  HostTensor turned = groups;
  turned.shape = x.shape;
  const LayerResults plain = run_new(ema, {x}), other = run_new(ema, {turned});
  HostTensor expected = plain.output();
  expected.shape = {2, 3, 3, 5};
  expected = swapped(expected);
  expected.shape = x.shape;
  CHECK(difference(other.output(), expected, Tolerance{1e-5, 1e-6}) == "");
  CHECK(difference(other.map(), swapped(plain.map()), Tolerance{1e-5, 1e-6}) == "");
}

TEST_CASE("EMA norms each channel alone", "[gates]") {
  // conv3x3 gives 0: both keys are 1/2, and the map is half of the channels' norms.
  const Weights weights = joined({flat("gn", {2}, 1, 0), flat("conv1x1", {2, 2, 1, 1}, 0, 100),
                                  flat("conv3x3", {2, 2, 3, 3}, 0, 0)});
  const HostTensor x = input({1, 2, 1, 2}, {1, 3, 10, 50});
  const LayerResults results = run_with(layer("EMA", {{"groups", 1}}), weights, {x});
  const float one = 1 / std::sqrt(1 + 1e-5f), twenty = 20 / std::sqrt(400 + 1e-5f);
  const float v = 0.5f * (one + twenty);
  check_values(results.map(), {1, 1, 1, 2}, {sigmoid(-v), sigmoid(v)});
}

TEST_CASE("EMA has 32 groups unless told, and refuses channels that do not divide", "[gates]") {
  const NamedWeights weights =
      named_weights(joined({flat("gn", {2}, 1, 0), flat("conv1x1", {2, 2, 1, 1}, 0, 0),
                            flat("conv3x3", {2, 2, 3, 3}, 0, 0)}));
  CHECK(layer_error(layer("EMA", {}), &weights, {random_input("x", {1, 8, 2, 2}, 1)}) ==
        "input 'x' has shape (1, 8, 2, 2), the model expects (batch, 64, height, width)");
  CHECK(layer_error(layer("EMA", {{"channels", 10}, {"groups", 4}}), nullptr, {}) ==
        "EMA: 10 channels do not divide into 4 groups");
}

// --- CPCA ---

TEST_CASE("CPCA applies one convolution three times, and sums two sigmoids", "[gates]") {
  Weights weights = joined({flat("conv", {1, 1, 1, 1}, 2, 0), flat("ca.fc1", {1, 1, 1, 1}, 0, 0),
                            flat("ca.fc2", {1, 1, 1, 1}, 0, 0)});
  for (const auto& [name, height, width] :
       std::vector<std::tuple<std::string, Extent, Extent>>{{"5_5", 5, 5},
                                                            {"1_7", 1, 7},
                                                            {"7_1", 7, 1},
                                                            {"1_11", 1, 11},
                                                            {"11_1", 11, 1},
                                                            {"1_21", 1, 21},
                                                            {"21_1", 21, 1}}) {
    Weights conv = flat("dconv" + name, {1, 1, height, width}, 0, 0);
    // Of the strips the two of 7 let through what comes, the others nothing.
    if (height + width <= 10) {
      conv[0] = changed(conv[0], static_cast<size_t>(height * width / 2), 1);
    }
    weights = joined({weights, conv});
  }
  // gelu(2 * 10) = 20; c = 1; s = 2 * (20 + 20); y = 2 * 80 * 20.
  const LayerResults results = run_with(layer("CPCA", {}), weights, {input({1, 1, 2, 3}, {10})});
  check_values(results.map("channel"), {1, 1, 1, 1}, {1});
  check_values(results.map("spatial"), {1, 1, 2, 3}, {80});
  check_values(results.output(), {1, 1, 2, 3}, {3200});
}

// --- Large-kernel attention ---

TEST_CASE("large-kernel attention does not squash its map, and reaches 9 + 2 positions",
          "[gates]") {
  Weights weights =
      joined({flat("conv0", {1, 1, 5, 5}, 1, 0), flat("conv_spatial", {1, 1, 7, 7}, 1, 0),
              flat("conv1", {1, 1, 1, 1}, 1, 0)});
  std::vector<float> values(25, 0.0f);
  values[12] = 7;
  const HostTensor x = host_tensor(std::span<const float>(values), Shape{1, 1, 1, 25}, "x");
  const HostTensor map = run_with(layer("LargeKernelAttention", {}), weights, {x}).map();
  // 7 times the pairs of taps that lead there: 12 +- 9 +- 2, in steps of 3 and of 1.
  for (int i = 0; i < 25; ++i) {
    int pairs = 0;
    for (int coarse = -9; coarse <= 9; coarse += 3) {
      for (int fine = -2; fine <= 2; ++fine) pairs += 12 + coarse + fine == i;
    }
    INFO(i);
    CHECK(map.values<float>()[static_cast<size_t>(i)] == 7.0f * static_cast<float>(pairs));
  }
}

TEST_CASE("large-kernel attention with a map of ones gives its input", "[gates]") {
  const Weights weights =
      joined({flat("conv0", {3, 1, 5, 5}, 1, 1), flat("conv_spatial", {3, 1, 7, 7}, 1, 1),
              flat("conv1", {3, 3, 1, 1}, 0, 1)});
  const HostTensor x = random_input("x", {2, 3, 4, 5}, 1);
  CHECK(difference(run_with(layer("LargeKernelAttention", {}), weights, {x}).output(), x,
                   Tolerance{1e-5, 1e-6}) == "");
}

// --- Strip pooling ---

TEST_CASE("strip pooling with nothing to add gives the rectified input", "[gates]") {
  const Layer strips = layer("StripPooling", {{"sizes", {3, 2}}});
  Weights weights = joined({{weight("conv1_1.0.weight", {2, 4, 1, 1}, {1})},
                            plain_batch_norm("conv1_1.1", 2),
                            {weight("conv1_2.0.weight", {2, 4, 1, 1}, {1})},
                            plain_batch_norm("conv1_2.1", 2),
                            {weight("conv3.0.weight", {4, 4, 1, 1}, {0})},
                            plain_batch_norm("conv3.1", 4)});
  for (int i = 0; i < 7; ++i) {
    const std::string name = "conv2_" + std::to_string(i);
    weights = joined({weights,
                      {weight(name + ".0.weight", {2, 2, i == 3 ? 1 : 3, i == 4 ? 1 : 3}, {1})},
                      plain_batch_norm(name + ".1", 2)});
  }
  const HostTensor x = input({1, 4, 1, 2}, {1, -2, 3, -4, -5, 6, 0, 8});
  check_values(run_with(strips, weights, {x}).output(), {1, 4, 1, 2}, {1, 0, 3, 0, 0, 6, 0, 8});
}

TEST_CASE("strip pooling averages windows that overlap where the size does not divide", "[gates]") {
  // Only the pyramid pool of two, its centre taps and the way to the output let anything through.
  const auto centre = [](const char* name, float value) {
    return changed(weight(name, {1, 1, 3, 3}, {0}), 4, value);
  };
  const auto one = [](const char* name, const Shape& shape, float value) {
    return weight(name, shape, {value});
  };
  Weights weights = {one("conv1_1.0.weight", {1, 1, 1, 1}, 1),
                     one("conv1_2.0.weight", {1, 1, 1, 1}, 0),
                     centre("conv2_0.0.weight", 0),
                     centre("conv2_1.0.weight", 0),
                     centre("conv2_2.0.weight", 1),
                     one("conv2_3.0.weight", {1, 1, 1, 3}, 0),
                     one("conv2_4.0.weight", {1, 1, 3, 1}, 0),
                     centre("conv2_5.0.weight", 1),
                     centre("conv2_6.0.weight", 0),
                     weight("conv3.0.weight", {1, 2, 1, 1}, {1, 0})};
  for (const char* name : {"conv1_1.1", "conv1_2.1", "conv2_0.1", "conv2_1.1", "conv2_2.1",
                           "conv2_3.1", "conv2_4.1", "conv2_5.1", "conv2_6.1", "conv3.1"}) {
    weights = joined({weights, plain_batch_norm(name, 1)});
  }
  // Of five columns in two: the means of 0..2 and of 2..4, interpolated with aligned corners.
  const HostTensor x = input({1, 1, 1, 5}, {0, 3, 6, 9, 12});
  check_values(run_with(layer("StripPooling", {{"sizes", {1, 2}}}), weights, {x}).output(),
               {1, 1, 1, 5}, {0 + 3, 3 + 4.5f, 6 + 6, 9 + 7.5f, 12 + 9});
}

TEST_CASE("strip pooling says what sizes it takes", "[gates]") {
  for (const Options& options :
       {Options{{"channels", 4}, {"sizes", {3}}}, Options{{"channels", 4}, {"sizes", {3, 0}}}}) {
    CHECK(layer_error(layer("StripPooling", options), nullptr, {}) ==
          "StripPooling: the option 'sizes' must be two numbers from 1 to 4096");
  }
}

// --- Polarized self-attention ---

TEST_CASE("polarized self-attention: softmax over positions, then the sigmoid; or softmax first",
          "[gates]") {
  Weights shared = {weight("conv_q_right.weight", {1, 2, 1, 1}, {0}),
                    weight("conv_v_right.weight", {1, 2, 1, 1}, {1, 0}),
                    weight("conv_q_left.weight", {1, 2, 1, 1}, {1, 0}),
                    weight("conv_v_left.weight", {1, 2, 1, 1}, {0, 1})};
  // q = 3 (the first channel's mean), v = 0, log 2; z = 3, so that c = sigmoid(3).
  const float two = std::log(2.0f);
  const HostTensor x = input({1, 2, 1, 2}, {2, 4, 0, two});
  const Weights parallel = joined({shared, {weight("conv_up.weight", {2, 1, 1, 1}, {1})}});
  const LayerResults beside = run_with(layer("PolarizedSelfAttention", {}), parallel, {x});
  const float c = sigmoid(3);
  check_values(beside.map("channel"), {1, 2, 1, 1}, {c});
  // softmax(0, 3 log 2) = 1/9, 8/9.
  const float s0 = sigmoid(1.0f / 9), s1 = sigmoid(8.0f / 9);
  check_values(beside.map("spatial"), {1, 1, 1, 2}, {s0, s1});
  check_values(beside.output(), {1, 2, 1, 2}, {2 * (c + s0), 4 * (c + s1), 0, two * (c + s1)});
  // With c = 1 softmax(v) = 1/3, 2/3, and q = 3: not softmaxed over its one channel, which is 1.
  const Weights sequential = joined(
      {shared,
       flat("conv_up.0", {1, 1, 1, 1}, 0, 0),
       flat("conv_up.3", {2, 1, 1, 1}, 0, 100),
       {weight("conv_up.1.weight", {1, 1, 1}, {1}), weight("conv_up.1.bias", {1, 1, 1}, {0})}});
  const LayerResults behind = run_with(layer("PolarizedSelfAttention", {}), sequential, {x});
  check_values(behind.map("channel"), {1, 2, 1, 1}, {1});
  check_values(behind.map("spatial"), {1, 1, 1, 2}, {sigmoid(1), sigmoid(2)});
  check_values(behind.output(), {1, 2, 1, 2},
               {2 * sigmoid(1), 4 * sigmoid(2), 0, two * sigmoid(2)});
}

// --- Attention gates ---

TEST_CASE("the attention gate resizes bilinearly, corners not aligned", "[gates]") {
  const Weights weights = joined({{weight("theta.weight", {1, 1, 2, 2}, {0})},
                                  flat("phi", {1, 1, 1, 1}, 1, 0),
                                  flat("psi", {1, 1, 1, 1}, 1, 0),
                                  flat("W.0", {1, 1, 1, 1}, 1, 0),
                                  plain_batch_norm("W.1", 1)});
  HostTensor g = weight("g", {1, 1, 1, 2}, {-1, 3});
  const LayerResults results =
      run_with(layer("AttentionGate", {}), weights, {input({1, 1, 2, 4}, {1}), g});
  // relu(-1) = 0: sigmoid(0) and sigmoid(3), a quarter of a step off the ends.
  const float a = sigmoid(0), b = sigmoid(3), near = a + (b - a) / 4, far = b - (b - a) / 4;
  check_values(results.map(), {1, 1, 2, 4}, {a, near, far, b, a, near, far, b});
  check_values(results.output(), {1, 1, 2, 4}, {a, near, far, b, a, near, far, b});
}

TEST_CASE("the additive attention gate needs a signal of x's size", "[gates]") {
  const Layer gate = layer("AttentionGate", {{"channels", 4}, {"gating", 3}, {"form", "additive"}});
  CHECK(layer_error(gate, nullptr,
                    {random_input("x", {1, 4, 3, 3}, 1), random_input("g", {1, 3, 3, 2}, 2)}) ==
        "input 'g' has shape (1, 3, 3, 2), but axis 'width' is 3 in another place");
  CHECK(layer_error(gate, nullptr, {random_input("x", {1, 4, 3, 3}, 1)}) ==
        "the model has 2 inputs, 1 were given");
}

// --- Global context ---

namespace {

// Of two channels: W1 z + b1 = (0.001, -0.001); W2's result is `expand` times its first unit.
Weights context_mlp(const std::string& place, const char* names[3], float expand, float bias) {
  const std::string reduce = place + names[0], norm = place + names[1], last = place + names[2];
  return {weight(reduce + ".weight", {2, 2, 1, 1}, {0}),
          weight(reduce + ".bias", {2}, {0.001f, -0.001f}),
          weight(norm + ".weight", {2}, {1}),
          weight(norm + ".bias", {2}, {0}),
          weight(last + ".weight", {2, 2, 1, 1}, {expand, 0, expand, 0}),
          weight(last + ".bias", {2}, {bias})};
}
const char* kOfficial[3] = {"0", "1", "3"};
const char* kTimm[3] = {"fc1", "norm", "fc2"};

}  // namespace

TEST_CASE("global context norms with an epsilon of 1e-5, timm's with 1e-6", "[gates]") {
  const HostTensor x = input({1, 2, 1, 1}, {0});
  const Weights official = joined(
      {flat("conv_mask", {1, 2, 1, 1}, 1, 0), context_mlp("channel_add_conv.", kOfficial, 1, 0)});
  check_values(run_with(layer("GlobalContext", {}), official, {x}).output(), {1, 2, 1, 1},
               {0.001f / std::sqrt(1e-6f + 1e-5f)});
  const Weights timm =
      joined({flat("conv_attn", {1, 2, 1, 1}, 1, 0), context_mlp("mlp_add.", kTimm, 1, 0)});
  check_values(run_with(layer("GlobalContext", {}), timm, {x}).output(), {1, 2, 1, 1},
               {0.001f / std::sqrt(1e-6f + 1e-6f)});
}

TEST_CASE("global context scales before it adds, and its scores' bias changes nothing", "[gates]") {
  const Weights weights = joined({flat("conv_mask", {1, 2, 1, 1}, 1, 5),
                                  context_mlp("channel_add_conv.", kOfficial, 0, 3),
                                  context_mlp("channel_mul_conv.", kOfficial, 0, 1)});
  const LayerResults results = run_with(layer("GlobalContext", {}), weights,
                                        {input({1, 2, 1, 2}, {2, 2, 0, std::log(3.0f)})});
  check_values(results.map(), {1, 1, 2}, {0.25f, 0.75f});
  const float s = sigmoid(1);
  check_values(results.output(), {1, 2, 1, 2}, {2 * s + 3, 2 * s + 3, 3, std::log(3.0f) * s + 3});
}

TEST_CASE("global context whose last connection is zero gives its input", "[gates]") {
  const Weights weights = joined(
      {flat("conv_mask", {1, 2, 1, 1}, 1, 0), context_mlp("channel_add_conv.", kOfficial, 0, 0)});
  const HostTensor x = random_input("x", {2, 2, 3, 5}, 1);
  CHECK(difference(run_with(layer("GlobalContext", {}), weights, {x}).output(), x, {}) == "");
}

TEST_CASE("a row of global context's map sums to 1", "[gates]") {
  const LayerResults results = run_new(layer("GlobalContext", {{"channels", 6}, {"hidden", 2}}),
                                       {random_input("x", {2, 6, 5, 7}, 1)});
  CHECK(results.map().shape == Shape{2, 1, 35});
  for (int image = 0; image < 2; ++image) {
    float sum = 0;
    const HostTensor row = half(results.map(), image);
    for (const float v : row.values<float>()) sum += v;
    CHECK(sum == Approx(1).epsilon(1e-5));
  }
}

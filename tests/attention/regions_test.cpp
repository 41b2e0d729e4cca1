// Harmonious attention, spatial transformers and sampling; and what holds for all layers that
// attend to branches, pairs and regions.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/single_layers.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

constexpr Tolerance kTolerance = {1e-5, 1e-6};
using Inputs = std::vector<HostTensor>;

HostTensor named(const char* name, const Shape& shape, std::initializer_list<float> values) {
  return weight(name, shape, values);
}

// 0, 1, 2, ...
HostTensor counted(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return host_tensor(std::span<const float>(values), shape, "x");
}

bool all_nan(const HostTensor& tensor, size_t begin, size_t end) {
  const auto values = tensor.values<float>().subspan(begin, end - begin);
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isnan(v); });
}
bool all_finite(const HostTensor& tensor, size_t begin, size_t end) {
  const auto values = tensor.values<float>().subspan(begin, end - begin);
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

}  // namespace

// --- HA-CNN ---

TEST_CASE("HA-CNN's channel attention is rectified, not squashed", "[regions]") {
  std::vector<HostTensor> weights = {
      weight("conv1.conv.weight", {1, 2, 1, 1}, {-1, 1}), weight("conv1.conv.bias", {1}, {0}),
      weight("conv2.conv.weight", {2, 1, 1, 1}, {1, -1}), weight("conv2.conv.bias", {2}, {3, 3})};
  for (const HostTensor& norm : plain_batch_norm("conv1.bn", 1)) weights.push_back(norm);
  for (const HostTensor& norm : plain_batch_norm("conv2.bn", 2)) weights.push_back(norm);
  const LayerResults results =
      run_with(layer("ChannelAttn"), weights, {named("x", {1, 2, 1, 2}, {1, 3, 6, 8})});
  // Means 2 and 7: relu(5 + 3) and relu(3 - 5).
  check_values(results.output(), {1, 2, 1, 1}, {8, 0});
  CHECK(difference(results.map(), results.output(), {}) == "");
}

TEST_CASE("HA-CNN's soft attention is at least a half, one larger where the size is odd",
          "[regions]") {
  const Layer soft = layer("SoftAttn", {{"channels", 16}});
  const LayerResults results = run_new(soft, {random_input("x", {1, 16, 9, 7}, 1)});
  CHECK(results.output().shape == Shape{1, 16, 10, 8});
  float greatest = 0;
  for (const float v : results.output().values<float>()) {
    const bool inside = v >= 0.5f && v < 1;
    REQUIRE(inside);
    greatest = std::max(greatest, v);
  }
  CHECK(greatest > 0.5f);
  CHECK(difference(results.map(), results.output(), {}) == "");
  // x * map needs them to be of one size.
  const Layer block = layer("HarmoniousAttention", {{"channels", 16}});
  const std::string message = layer_error(block, nullptr, {random_input("x", {1, 16, 9, 7}, 1)});
  CHECK(message.find("(1, 16, 9, 7) and (1, 16, 10, 8)") != std::string::npos);
  CHECK(layer_error(block, nullptr, {random_input("x", {1, 16, 10, 8}, 1)}) == "no error");
}

namespace {

// Regions that lie where `b` says, whatever x is.
std::vector<HostTensor> placed(std::initializer_list<float> b) {
  std::vector<float> bias(b);
  for (float& v : bias) v = std::atanh(v);
  return {weight("fc.weight", {8, 1}, {0}),
          host_tensor(std::span<const float>(bias), {8}, "fc.bias")};
}

}  // namespace

TEST_CASE("HA-CNN's regions: a quarter of the height around (tx, ty), corners aligned",
          "[regions]") {
  const auto weights = placed({0, 0, 0, 0.5f, 0.5f, 0, 0, -0.5f});
  const HostTensor x = counted({1, 1, 5, 1});
  const LayerResults whole = run_with(layer("HardAttn"), weights, {x});
  check_values(whole.output(), {1, 4, 2}, {0, 0, 0, 0.5f, 0.5f, 0, 0, -0.5f});
  CHECK(difference(whole.map(), whole.output(), {}) == "");
  // The rows are 2 + (-1 .. 1) / 4 * 2 + 2 * ty; tx has nowhere to go in one column.
  check_values(whole.outputs.at(1), {1, 4, 1, 5, 1},
               {1.5f, 1.75f, 2, 2.25f, 2.5f, 2.5f, 2.75f, 3, 3.25f, 3.5f,  //
                1.5f, 1.75f, 2, 2.25f, 2.5f, 0.5f, 0.75f, 1, 1.25f, 1.5f});
  // As large as x first, then resized with its corners.
  const LayerResults small = run_with(layer("HardAttn", {{"size", {3, 2}}}), weights, {x});
  check_values(small.outputs.at(1), {1, 4, 1, 3, 2},
               {1.5f, 1.5f, 2, 2, 2.5f, 2.5f, 2.5f, 2.5f, 3, 3, 3.5f, 3.5f,  //
                1.5f, 1.5f, 2, 2, 2.5f, 2.5f, 0.5f, 0.5f, 1, 1, 1.5f, 1.5f});
  // From edge to edge: 2 + (-0.8 .. 0.8) / 4 * 2.5.
  const LayerResults edges = run_with(layer("HardAttn", {{"alignCorners", 0}}), weights, {x});
  const auto rows = edges.outputs.at(1).values<float>();
  CHECK(rows[0] == Approx(1.5));
  CHECK(rows[1] == Approx(1.75));
  CHECK(rows[5] == Approx(1.5 + 1.25));
}

TEST_CASE("HA-CNN's regions move along x by tx, and are zero where they leave it", "[regions]") {
  const auto weights = placed({0.5f, 0, 0, 0, 0, 0, 0, 0});
  const LayerResults results =
      run_with(layer("HardAttn"), weights, {named("x", {1, 1, 1, 5}, {1, 2, 3, 4, 5})});
  const HostTensor& crops = results.outputs.at(1);
  const auto first = crops.values<float>();
  const float expected[] = {2, 3, 4, 5, 0};
  for (size_t i = 0; i < 5; ++i) CHECK(first[i] == Approx(expected[i]));
}

TEST_CASE("every crop is of its own image and region, in a batch too", "[regions]") {
  const LayerResults results =
      run_with(layer("HardAttn", {{"size", {1, 1}}}), placed({0, 0, 0, 0, 0, 0, 0, 0}),
               {named("x", {3, 1, 1, 1}, {1, 2, 3})});
  check_values(results.outputs.at(1), {3, 4, 1, 1, 1}, {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3});
}

TEST_CASE("HA-CNN says which channels and sizes it takes", "[regions]") {
  CHECK(layer_error(layer("ChannelAttn", {{"channels", 24}}), nullptr, {}) ==
        "ChannelAttn: 24 channels are no multiple of the reduction, 16");
  CHECK(layer_error(layer("HardAttn", {{"channels", 4}, {"size", {2, 0}}}), nullptr, {}) ==
        "HardAttn: the option 'size' must be whole numbers from 1 on, not 0");
  const NamedWeights weights =
      named_weights({weight("hard_attn.fc.weight", {6, 16}, {0}), weight("fc.bias", {8}, {0})});
  const std::string message = layer_error(layer("HarmoniousAttention"), &weights, {});
  CHECK(message.find("missing: soft_attn.") != std::string::npos);
  CHECK(message.find("hard_attn.fc.weight float32 (6, 16) (expected float32 (8, 16") !=
        std::string::npos);
  CHECK(message.find("not of the layer: fc.bias") != std::string::npos);
}

// --- Spatial transformers ---

TEST_CASE("the identity matrix gives the input back", "[regions]") {
  const HostTensor x = random_input("x", {2, 3, 4, 7}, 1);
  const HostTensor theta = named("theta", {2, 2, 3}, {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0});
  for (const bool channels_last : {false, true}) {
    const auto edges = run_new(layer("SpatialTransformer"), {x, theta}, channels_last);
    CHECK(difference(edges.output(), x, {1e-6, 1e-6}) == "");
    CHECK(difference(edges.map("theta"), theta, {}) == "");
    CHECK(edges.map("grid").shape == Shape{2, 4, 7, 2});
    const auto corners =
        run_new(layer("SpatialTransformer", {{"alignCorners", 1}}), {x, theta}, channels_last);
    CHECK(difference(corners.output(), x, {1e-5, 1e-6}) == "");
  }
}

TEST_CASE("a matrix maps positions of the output to those of the input, x first", "[regions]") {
  // Swaps the axes, and shifts along x by half the width.
  const HostTensor theta = named("theta", {1, 2, 3}, {0, 1, 1, 1, 0, 0});
  const LayerResults results =
      run_new(layer("SpatialTransformer"), {named("x", {1, 1, 2, 2}, {1, 2, 3, 4}), theta});
  // Column 0 of the output's rows reads x + 1 = 0.5: column 1 of the input.
  check_values(results.output(), {1, 1, 2, 2}, {2, 4, 0, 0});
}

TEST_CASE("corners are not aligned unless told, and one element is in the middle", "[regions]") {
  const HostTensor theta = named("theta", {1, 2, 3}, {1, 0, 0, 0, 1, 0});
  const HostTensor x = named("x", {1, 1, 1, 2}, {4, 8});
  check_values(run_new(layer("SpatialTransformer", {{"size", {1, 4}}}), {x, theta}).output(),
               {1, 1, 1, 4}, {3, 5, 7, 6});
  const Layer corners = layer("SpatialTransformer", {{"size", {1, 3}}, {"alignCorners", 1}});
  check_values(run_new(corners, {x, theta}).output(), {1, 1, 1, 3}, {4, 6, 8});
  for (const double align : {0, 1}) {
    const Layer grid = layer("affineGrid", {{"size", {1, 1}}, {"alignCorners", align}});
    const HostTensor moved = named("theta", {1, 2, 3}, {5, 6, 0.25f, 7, 8, -0.5f});
    check_values(run_new(grid, {moved}).output(), {1, 1, 1, 2}, {0.25f, -0.5f});
  }
}

TEST_CASE("volumes have grids, and are sampled", "[regions]") {
  const HostTensor x = random_input("x", {1, 2, 3, 2, 5}, 1);
  const HostTensor theta = named("theta", {1, 3, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
  HostTensor grid = run_new(layer("affineGrid", {{"size", {3, 2, 5}}}), {theta}).output();
  grid.name = "grid";
  const LayerResults results = run_new(layer("gridSample"), {x, grid});
  CHECK(difference(results.output(), x, {1e-6, 1e-6}) == "");
}

TEST_CASE("sampling and grids say what does not fit", "[regions]") {
  const HostTensor x = random_input("x", {2, 3, 4, 5}, 1);
  const auto sampled = [&](const Shape& grid) {
    return layer_error(layer("gridSample"), nullptr, {x, random_input("grid", grid, 2)});
  };
  for (const Shape& grid : {Shape{1, 4, 5, 2}, Shape{2, 4, 5, 3}, Shape{2, 5, 2}}) {
    CHECK(sampled(grid).find("does not fit the shape (2, 3, 4, 5)") != std::string::npos);
  }
  CHECK(sampled({2, 1, 1, 2}) == "no error");
  CHECK(layer_error(layer("affineGrid"), nullptr, {}) == "affineGrid: it needs the option 'size'");
  CHECK(layer_error(layer("affineGrid", {{"size", {2, 2}}}), nullptr,
                    {random_input("theta", {1, 3, 2}, 1)}) ==
        "input 'theta' has shape (1, 3, 2), the model expects (batch, 2, 3)");
  CHECK(layer_error(layer("SpatialTransformer", {{"size", {2, 2, 2}}}), nullptr, {}) ==
        "SpatialTransformer: the option 'size' must have one number, or 2");
  CHECK(
      layer_error(layer("SpatialTransformer"), nullptr, {x, random_input("theta", {1, 2, 3}, 1)}) ==
      "input 'theta' has shape (1, 2, 3), but axis 'batch' is 2 in another place");
  CHECK(layer_error(layer("gridSample", {{"padding", "edge"}}), nullptr, {}) ==
        "gridSample: the option 'padding' is 'edge', expected zeros|border|reflection");
}

// --- All of them ---

namespace {

struct Case {
  Layer layer;
  Extent channels;
  bool even = false;      // height and width must be
  bool of_batch = false;  // the images of a batch depend on one another
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.layer.kind; }

std::vector<Case> cases() {
  Case context = {
      layer("PyramidFeatureAttention", {{"part", "context"}, {"channels", 6}, {"width", 2}}), 6};
  context.of_batch = true;
  Case harmonious = {layer("HarmoniousAttention", {{"channels", 16}, {"size", {3, 2}}}), 16};
  harmonious.even = true;
  return {
      {layer("SelectiveKernel", {{"channels", 6}, {"groups", 2}}), 6},
      {layer("SelectiveKernel", {{"channels", 6}, {"branches", 3}, {"splitInput", 1}}), 6},
      {layer("SplitAttention", {{"channels", 6}}), 6},
      {layer("SplitAttention", {{"channels", 6}, {"radix", 3}, {"out", 5}, {"bias", 0}}), 6},
      {layer("SplitAttention", {{"channels", 6}, {"radix", 1}, {"kernel", 1}}), 6},
      {layer("PositionAttention", {{"channels", 6}}), 6},
      {layer("ChannelSelfAttention"), 6},
      {layer("DualAttention", {{"channels", 8}, {"classes", 3}}), 8},
      {layer("PyramidFeatureAttention", {{"part", "channel"}, {"channels", 6}}), 6},
      context,
      {layer("SpatialAttn"), 6},
      {layer("ChannelAttn", {{"channels", 16}}), 16},
      {layer("SoftAttn", {{"channels", 16}}), 16},
      {layer("HardAttn", {{"channels", 6}, {"size", {3, 2}}}), 6},
      harmonious,
  };
}

Inputs inputs_of(const Case& c, Extent batch, Extent height, Extent width) {
  if (c.even) height += height % 2, width += width % 2;
  return {random_input("x", {batch, c.channels, height, width}, 1)};
}

std::vector<HostTensor> all_of(LayerResults results) {
  for (HostTensor& map : results.maps) results.outputs.push_back(std::move(map));
  return std::move(results.outputs);
}

}  // namespace

TEST_CASE("a layer of branches or regions runs new, the same in both layouts", "[regions]") {
  for (const Case& c : cases()) {
    INFO(c);
    const Inputs inputs = inputs_of(c, 2, 6, 5);
    const auto plain = all_of(run_new(c.layer, inputs));
    const auto last = all_of(run_new(c.layer, inputs, true));
    REQUIRE(plain.size() == last.size());
    for (size_t i = 0; i < plain.size(); ++i) {
      CHECK(difference(last[i], plain[i], {1e-4, 1e-5}) == "");
      CHECK(all_finite(plain[i], 0, plain[i].values<float>().size()));
    }
  }
}

TEST_CASE("a layer of branches or regions treats the images of a batch apart", "[regions]") {
  for (const Case& c : cases()) {
    INFO(c);
    const Inputs inputs = inputs_of(c, 2, 4, 6);
    const auto plain = all_of(run_new(c.layer, inputs));
    const auto turned = all_of(run_new(c.layer, {swapped(inputs[0])}));
    for (size_t i = 0; i < plain.size(); ++i) {
      CHECK(difference(turned[i], swapped(plain[i]), kTolerance) == "");
    }
    HostTensor first = inputs[0];
    first.shape[0] = 1;
    first.data.resize(first.data.size() / 2);
    const auto alone = all_of(run_new(c.layer, {first}));
    for (size_t i = 0; i < plain.size(); ++i) {
      HostTensor expected = plain[i];
      expected.shape[0] = 1;
      expected.data.resize(expected.data.size() / 2);
      CHECK((difference(alone[i], expected, kTolerance) == "") == !c.of_batch);
    }
  }
}

TEST_CASE("a layer of branches or regions takes one row, one column and one position",
          "[regions]") {
  for (const Case& c : cases()) {
    for (const Shape& size : {Shape{1, 7}, Shape{5, 1}, Shape{1, 1}, Shape{9, 2}}) {
      INFO(c << " " << size[0] << "x" << size[1]);
      for (const HostTensor& result : all_of(run_new(c.layer, inputs_of(c, 1, size[0], size[1])))) {
        CHECK(all_finite(result, 0, result.values<float>().size()));
      }
    }
  }
}

TEST_CASE("a NaN reaches all of its image, and no other one", "[regions]") {
  for (const bool channels_last : {false, true}) {
    for (const Case& c : cases()) {
      INFO(c << (channels_last ? ", channels last" : ""));
      if (c.layer.kind == "SpatialAttn") continue;  // a convolution reaches its neighbours
      Inputs inputs = inputs_of(c, 2, 4, 6);
      std::memcpy(inputs[0].data.data() + 4 * 7, &kNaN, sizeof(kNaN));
      for (const HostTensor& result : all_of(run_new(c.layer, inputs, channels_last))) {
        const size_t count = result.values<float>().size();
        if (c.of_batch) {
          CHECK(!all_finite(result, count / 2, count));
          continue;
        }
        CHECK(all_nan(result, 0, count / 2));
        CHECK(all_finite(result, count / 2, count));
      }
    }
  }
}

TEST_CASE("a NaN in a matrix gives NaN", "[regions]") {
  HostTensor theta = named("theta", {2, 2, 3}, {1, 0, kNaN, 0, 1, 0, 1, 0, 0, 0, 1, 0});
  const auto results =
      all_of(run_new(layer("SpatialTransformer"), {random_input("x", {2, 3, 4, 5}, 1), theta}));
  CHECK(all_nan(results[0], 0, 60));
  CHECK(all_finite(results[0], 60, 120));
}

TEST_CASE("a spatial transformer samples the images of a batch apart, at every size", "[regions]") {
  const HostTensor theta = random_input("theta", {2, 2, 3}, 2);
  for (const Shape& size : {Shape{4, 6}, Shape{1, 7}, Shape{5, 1}, Shape{1, 1}}) {
    for (const double align : {0, 1}) {
      INFO(size[0] << "x" << size[1] << ", align " << align);
      const Layer transformer = layer("SpatialTransformer", {{"alignCorners", align}});
      const HostTensor x = random_input("x", {2, 3, size[0], size[1]}, 1);
      const auto plain = all_of(run_new(transformer, {x, theta}));
      const auto turned = all_of(run_new(transformer, {swapped(x), swapped(theta)}));
      REQUIRE(plain.size() == 3);
      for (size_t i = 0; i < plain.size(); ++i) {
        CHECK(all_finite(plain[i], 0, plain[i].values<float>().size()));
        CHECK(difference(turned[i], swapped(plain[i]), {}) == "");
      }
    }
  }
}

TEST_CASE("a layer of branches or regions says what shape it expects", "[regions]") {
  for (const Case& c : cases()) {
    INFO(c);
    const std::string wrong = layer_error(c.layer, nullptr, {random_input("x", {4}, 1)});
    CHECK(wrong.find("(4)") != std::string::npos);
    CHECK(wrong.find("(batch, ") != std::string::npos);
    if (!c.layer.options.find("channels")) continue;
    const std::string channels =
        layer_error(c.layer, nullptr, {random_input("x", {1, c.channels + 1, 4, 4}, 1)});
    CHECK(channels.find("(batch, " + std::to_string(c.channels) + ", ") != std::string::npos);
  }
}

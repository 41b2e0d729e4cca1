// What holds for all attention over positions.
#include "positions_support.h"

// --- What holds for all of them ---

namespace {

struct Case {
  Layer layer;
  Shape x;  // of one image
  const char* map = "";
  float row = 1;      // sum of a map's row; 0: the map's rows are no shares
  bool whole = true;  // every position sees every other one of its image
  Shape least = {};   // of x, where the smallest has more than one position; {}: 1 by 1
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  out << c.layer.kind;
  for (const auto& entry : c.layer.options.entries()) {
    if (entry.is_text) out << ' ' << entry.text;
  }
  return out;
}

std::vector<Case> cases() {
  return {
      {layer("NonLocal", {{"channels", 6}}), {1, 6, 5, 7}},
      {layer("NonLocal", {{"channels", 6}, {"mode", "gaussian"}}), {1, 6, 5, 7}},
      {layer("NonLocal", {{"channels", 6}, {"mode", "dot_product"}}), {1, 6, 5, 7}, "", 0},
      {layer("NonLocal", {{"channels", 6}, {"mode", "concatenation"}}), {1, 6, 5, 7}, "", 0},
      {layer("NonLocal", {{"channels", 6}, {"axes", 3}}), {1, 6, 2, 3, 4}},
      {layer("NonLocal", {{"channels", 6}, {"axes", 1}}), {1, 6, 9}},
      {layer("DoubleAttention", {{"channels", 6}, {"hidden", 4}, {"maps", 3}}),
       {1, 6, 5, 7},
       "gather"},
      {layer("CrissCrossAttention", {{"channels", 6}, {"recurrence", 2}}), {1, 6, 5, 7}},
      {layer("ExternalAttention", {{"channels", 6}, {"memory", 5}}), {1, 6, 5, 7}, "", 0},
      {layer("ExternalAttention", {{"channels", 8}, {"form", "heads"}, {"heads", 2}}), {1, 9, 8}},
      {layer("ExternalAttention", {{"channels", 6}, {"form", "tokens"}}), {1, 9, 6}},
      {layer("EfficientAttention", {{"channels", 6}, {"heads", 2}}), {1, 6, 5, 7}, "", 0},
      {layer("WindowAttention", {{"channels", 6}, {"heads", 2}, {"window", 2}}), {2, 4, 6}},
      {layer("WindowAttention",
             {{"channels", 6}, {"heads", 2}, {"window", {2, 3}}, {"layout", "NCHW"}, {"shift", 1}}),
       {1, 6, 5, 7},
       "",
       1,
       false},
      {layer("BottleneckAttention", {{"channels", 6}, {"heads", 2}, {"size", {3, 5}}}),
       {1, 6, 3, 5},
       "",
       1,
       true,
       {1, 6, 3, 5}},
      {layer("HaloAttention", {{"channels", 6}, {"heads", 2}, {"block", 2}, {"halo", 1}}),
       {1, 6, 4, 6},
       "",
       1,
       false,
       {1, 6, 2, 2}},
      {layer("LambdaLayer", {{"channels", 6}, {"heads", 2}, {"kernel", 3}}), {1, 6, 5, 7}, "", 0},
      {layer("LambdaLayer", {{"channels", 6}, {"heads", 2}, {"size", {5, 7}}}),
       {1, 6, 5, 7},
       "",
       0},
      {layer("AxialAttention", {{"channels", 8}, {"groups", 2}, {"size", 5}}),
       {1, 8, 5, 7},
       "",
       1,
       false,
       {1, 8, 5, 1}},
      {layer("AxialAttention", {{"channels", 8}, {"groups", 2}, {"form", "lucidrains"}}),
       {1, 8, 5, 7},
       "width",
       1,
       false},
      {layer("DeformableAttention",
             {{"channels", 8}, {"heads", 4}, {"groups", 2}, {"stride", 2}, {"size", {5, 7}}}),
       {1, 8, 5, 7},
       "deformable-attention",
       1,
       true,
       {1, 8, 3, 3}},
      {layer("DeformableAttention", {{"channels", 8}, {"kernel", 1}, {"offsetRange", -1}}),
       {1, 8, 5, 7},
       "deformable-attention",
       1,
       false,
       {1, 8, 2, 2}},
  };
}

// The smallest map that the layer takes.
Shape smallest(const Case& c) {
  if (c.least.rank() > 0) return c.least;
  Shape least = c.x;
  const bool tokens = c.x.rank() == 3 && c.layer.kind == "ExternalAttention";
  if (c.layer.kind == "WindowAttention" && c.x.rank() == 3) return {1, c.x[1], c.x[2]};
  for (int axis = tokens ? 1 : 2; axis < (tokens ? 2 : c.x.rank()); ++axis) least[axis] = 1;
  return least;
}

Shape twice(Shape shape) {
  shape[0] *= 2;
  return shape;
}

}  // namespace

TEST_CASE("attention over positions built without weights runs in both layouts", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    const std::vector<HostTensor> inputs = {random_input("x", c.x, 1)};
    const LayerResults plain = run_new(c.layer, inputs);
    const LayerResults last = run_new(c.layer, inputs, true);
    check_same(last.output(), plain.output());
    for (size_t i = 0; i < plain.maps.size(); ++i) check_same(last.maps[i], plain.maps[i]);
  }
}

TEST_CASE("rows of a map over positions sum to 1", "[spatial]") {
  for (const Case& c : cases()) {
    if (c.row == 0) continue;
    INFO(c);
    const LayerResults results = run_new(c.layer, {random_input("x", c.x, 3)});
    const HostTensor& map = results.map(c.map);
    const auto values = map.values<float>();
    const auto width = static_cast<size_t>(map.shape[map.shape.rank() - 1]);
    for (size_t row = 0; row < values.size(); row += width) {
      double sum = 0;
      for (size_t i = 0; i < width; ++i) {
        REQUIRE(values[row + i] >= 0);
        sum += values[row + i];
      }
      REQUIRE(sum == Approx(1).epsilon(1e-5));
    }
  }
}

TEST_CASE("attention over positions treats the images of a batch apart", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    const HostTensor x = random_input("x", twice(c.x), 5);
    const LayerResults results = run_new(c.layer, {x});
    const LayerResults turned = run_new(c.layer, {swapped(x)});
    check_same(turned.output(), swapped(results.output()));
    for (size_t i = 0; i < results.maps.size(); ++i) {
      check_same(turned.maps[i], swapped(results.maps[i]));
    }
    check_same(run_new(c.layer, {half(x, 1)}).output(), half(results.output(), 1));
  }
}

TEST_CASE("attention over positions takes maps as small as can be", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    const LayerResults results = run_new(c.layer, {random_input("x", smallest(c), 7)});
    for (float value : results.output().values<float>()) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("a NaN reaches all that attend to it, in its own image only", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    HostTensor x = random_input("x", twice(c.x), 9);
    const auto count = static_cast<size_t>(c.x.count());
    std::memcpy(x.data.data() + (count / 2) * sizeof(float), &kNaN, sizeof(float));
    const LayerResults results = run_new(c.layer, {x});
    const auto values = results.output().values<float>();
    size_t seen = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      seen += std::isnan(values[i]);
      if (i >= values.size() / 2) REQUIRE_FALSE(std::isnan(values[i]));
    }
    CHECK(seen > 0);
    if (c.whole && c.layer.kind != "WindowAttention") CHECK(seen == values.size() / 2);
  }
}

TEST_CASE("attention over positions says what shape it expects", "[spatial]") {
  for (const Case& c : cases()) {
    INFO(c);
    Shape shape = c.x;
    shape.push_back(2);
    CHECK(layer_error(c.layer, nullptr, {random_input("x", shape, 1)}).find("the model expects") !=
          std::string::npos);
    const bool last = c.x.rank() == 3 && c.layer.kind != "NonLocal";
    shape = c.x;
    ++shape[last ? 2 : 1];
    CHECK(layer_error(c.layer, nullptr, {random_input("x", shape, 1)}).find("the model expects") !=
          std::string::npos);
    CHECK(layer_error({c.layer.kind, "", {}, {}}, nullptr, {})
              .find("a new layer needs the option '") != std::string::npos);
  }
}

TEST_CASE("attention over positions lists all weights that are missing, wrong or not its own",
          "[spatial]") {
  const Weights weights = joined({flat("query_conv", {2, 4, 1, 1}, 1, 0),
                                  flat("key_conv", {3, 4, 1, 1}, 1, 0),
                                  flat("value", {4, 4, 1, 1}, 1, 0),
                                  {weight("gamma", {1}, {0})}});
  CHECK(
      error_with(layer("CrissCrossAttention", {}), weights, {}) ==
      "weights missing: value_conv.weight; of a wrong shape: key_conv.weight float32 (3, 4, 1, 1) "
      "(expected float32 (2, 4, 1, 1)), key_conv.bias float32 (3) (expected float32 (2)); not of "
      "the layer: value.bias, value.weight");
  const NamedWeights none;
  for (const Case& c : cases()) {
    INFO(c);
    const std::string message = layer_error({c.layer.kind, "", {}, {}}, &none, {});
    CHECK(message.find("weights missing: ") == 0);
  }
}

TEST_CASE("heads that do not divide the channels are refused", "[spatial]") {
  CHECK(layer_error(layer("EfficientAttention", {{"channels", 6}, {"heads", 4}}), nullptr, {}) ==
        "EfficientAttention: 6 channels of keys and 6 of values do not divide into 4 heads");
  CHECK(layer_error(layer("ExternalAttention", {{"channels", 6}, {"form", "heads"}, {"heads", 4}}),
                    nullptr, {}) == "ExternalAttention: 24 channels do not divide into 16 heads");
  CHECK(layer_error(layer("HaloAttention", {{"channels", 6}}), nullptr, {}) ==
        "HaloAttention: 6 channels of values do not divide into 8 heads");
  CHECK(
      layer_error(layer("AxialAttention", {{"channels", 6}, {"groups", 4}, {"form", "lucidrains"}}),
                  nullptr, {}) == "AxialAttention: 6 channels do not divide into 4 heads");
  CHECK(layer_error(layer("NonLocal", {{"channels", 4}, {"mode", "softmax"}}), nullptr, {}) ==
        "NonLocal: the option 'mode' is 'softmax', expected "
        "embedded_gaussian|gaussian|dot_product|concatenation");
}

TEST_CASE("no matrix of all pairs of positions is made unless the map is asked for", "[spatial]") {
  const auto arena = [](const Layer& layer, const Shape& x, bool map) {
    Result<Graph> graph = attention::build_layer(layer, nullptr);
    REQUIRE(graph.status().message == "");
    REQUIRE(optimize(graph.value()).message == "");
    auto session = Session::create(std::move(graph.value()));
    REQUIRE(session.status().message == "");
    Request request;
    request.inputs = {x};
    request.outputs = session.value()->graph().outputs;
    if (map) request.blocks = {0};
    REQUIRE(session.value()->prepare(request).message == "");
    return session.value()->memory().arena_bytes;
  };
  constexpr size_t kPairs = size_t{48 * 48} * 48 * 48 * sizeof(float);
  for (const Layer& one :
       {layer("NonLocal", {{"channels", 8}}),
        layer("NonLocal", {{"channels", 8}, {"mode", "gaussian"}}),
        layer("NonLocal", {{"channels", 8}, {"mode", "dot_product"}}),
        layer("BottleneckAttention", {{"channels", 8}, {"heads", 2}, {"size", {48, 48}}}),
        layer("CrissCrossAttention", {{"channels", 8}})}) {
    INFO(one.kind);
    const Shape x = {1, 8, 48, 48};
    CHECK(arena(one, x, false) < kPairs / 3);
    if (one.kind != "CrissCrossAttention") CHECK(arena(one, x, true) > kPairs);
  }
}

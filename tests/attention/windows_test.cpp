// Attention in windows, with relative positions, along axes and to sampled points.
#include "positions_support.h"

// --- Windows ---

namespace {

// One channel and head; q and k are nothing, v and proj give x.
Weights window_weights(const HostTensor& table, float value_bias = 0) {
  return {table, weight("qkv.weight", {3, 1}, {0, 0, 1}),
          weight("qkv.bias", {3}, {0, 0, value_bias}), weight("proj.weight", {1, 1}, {1}),
          weight("proj.bias", {1}, {0})};
}

HostTensor bias_table(const Shape& shape, std::initializer_list<float> values) {
  return weight("relative_position_bias_table", shape, values);
}

}  // namespace

TEST_CASE("the bias of a window is that of query minus key, rows before columns", "[spatial]") {
  // Of a window of 2 x 2: rows of the table are dy = -1, 0, 1, in each dx = -1, 0, 1.
  const HostTensor table = bias_table({9, 1}, {0, 0, 0, 0, 0, 0, 0, 2, 0});
  const LayerResults results = run_with(layer("WindowAttention", {}), window_weights(table),
                                        {input({1, 4, 1}, {1, 2, 3, 4})});
  // dy = 1, dx = 0: of the lower row's queries to what is above them.
  const float e = std::exp(2.0f), other = 1 / (e + 3), above = e / (e + 3);
  check_values(results.map(), {1, 1, 4, 4},
               {0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, above, other, other, other,
                other, above, other, other});
}

TEST_CASE("a window's seam costs 100, it does not close", "[spatial]") {
  // Neighbours in a window have a bias of 100.
  const HostTensor table = bias_table({3, 1}, {100, 0, 100});
  const Layer rolled =
      layer("WindowAttention", {{"window", {1, 2}}, {"layout", "NHWC"}, {"shift", {0, 1}}});
  const LayerResults results =
      run_with(rolled, window_weights(table), {input({1, 1, 4, 1}, {1, 2, 3, 4})});
  // Windows (1, 2) and (3, 0): across the seam 100 - 100 is as much as to itself.
  check_values(results.map(), {2, 1, 2, 2}, {0, 1, 1, 0, 0.5f, 0.5f, 0.5f, 0.5f});
  check_values(results.output(), {1, 1, 4, 1}, {2.5f, 3, 2, 2.5f});
}

TEST_CASE("pad positions of a window are attended to", "[spatial]") {
  const HostTensor table = bias_table({9, 1}, {0});
  // v = x + 1: three of four positions are padded.
  for (const char* dialect : {"timm", "torchvision", "official"}) {
    const Layer padded =
        layer("WindowAttention", {{"layout", "NCHW"}, {"shift", 1}, {"dialect", dialect}});
    const LayerResults results =
        run_with(padded, window_weights(table, 1), {input({1, 1, 1, 1}, {3})});
    check_values(results.map(), {1, 1, 4, 4}, {0.25f});
    check_values(results.output(), {1, 1, 1, 1}, {(4 + 3) / 4.0f});
  }
}

TEST_CASE("a map of one window is not shifted", "[spatial]") {
  const Layer shifted = layer("WindowAttention", {{"layout", "NHWC"}, {"shift", 1}});
  const Weights weights = window_weights(bias_table({9, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8}));
  const HostTensor x = input({1, 2, 2, 1}, {1, 2, 3, 4});
  const LayerResults whole = run_with(layer("WindowAttention", {{"layout", "NHWC"}}), weights, {x});
  const LayerResults results = run_with(shifted, weights, {x});
  check_same(results.map(), whole.map());
  check_same(results.output(), whole.output());
}

TEST_CASE("the same windows in all three layouts", "[spatial]") {
  const Options base{{"channels", 6}, {"heads", 2}, {"window", {2, 3}}};
  const auto with = [&](std::initializer_list<std::pair<const char*, Options::Value>> more) {
    Options options{{"channels", 6}, {"heads", 2}, {"window", {2, 3}}};
    for (const auto& [name, value] : more) {
      if (value.is_text) options.set_text(name, value.text);
      for (double number : value.numbers) options.add_number(name, number);
    }
    return Layer{"WindowAttention", "", options, {}};
  };
  const HostTensor x = random_input("x", {1, 2, 3, 6}, 1);
  const HostTensor nhwc = run_new(with({{"layout", "NHWC"}}), {x}).output();
  HostTensor tokens = x;
  tokens.shape = {1, 6, 6};
  HostTensor windows = run_new(with({}), {tokens}).output();
  windows.shape = nhwc.shape;
  check_same(windows, nhwc);
  HostTensor channels_first = weight("x", {1, 6, 2, 3}, {0}), expected = channels_first;
  for (size_t position = 0; position < 6; ++position) {
    for (size_t c = 0; c < 6; ++c) {
      const size_t from = (position * 6 + c) * sizeof(float),
                   to = (c * 6 + position) * sizeof(float);
      std::memcpy(&channels_first.data[to], &x.data[from], sizeof(float));
      std::memcpy(&expected.data[to], &nhwc.data[from], sizeof(float));
    }
  }
  check_same(run_new(with({{"layout", "NCHW"}}), {channels_first}).output(), expected);
}

TEST_CASE("windows refuse masks, tables and sizes that do not fit", "[spatial]") {
  const Weights weights = window_weights(bias_table({9, 1}, {0}));
  const HostTensor x = weight("x", {4, 4, 1}, {1});
  const auto with_mask = [&](const Shape& shape) {
    return error_with(layer("WindowAttention", {}), weights, {x, weight("mask", shape, {0})});
  };
  CHECK(with_mask({2, 4, 4}) == "no error");
  CHECK(with_mask({3, 4, 4}).find("(4, 1, 4, 4)") != std::string::npos);
  CHECK(with_mask({2, 4, 5}) ==
        "input 'mask' has shape (2, 4, 5), the model expects (windows, 4, 4)");
  CHECK(error_with(layer("WindowAttention", {{"window", 3}}), weights, {x}) ==
        "weights of a wrong shape: relative_position_bias_table float32 (9, 1) (expected float32 "
        "(25, 1))");
  CHECK(error_with(layer("WindowAttention", {{"heads", 2}}), weights, {x}) ==
        "WindowAttention: the option 'heads' is 2, the weights say 1");
  CHECK(error_with(layer("WindowAttention", {}), weights, {weight("x", {4, 5, 1}, {1})}) ==
        "input 'x' has shape (4, 5, 1), the model expects (batch*windows, 4, 1)");
  CHECK(layer_error(layer("WindowAttention", {{"channels", 6}, {"heads", 4}, {"window", 2}}),
                    nullptr, {}) == "WindowAttention: 18 rows of qkv do not divide into 4 heads");
  CHECK(layer_error(layer("WindowAttention", {{"channels", 6}, {"heads", 2}}), nullptr, {}) ==
        "WindowAttention: a new layer needs the option 'window'");
}

// --- Relative positions ---

namespace {

// One channel and head, queries 1, keys 0, values x.
Weights bottleneck_weights(std::initializer_list<float> height_rel) {
  return {weight("qkv.weight", {3, 1, 1, 1}, {0, 0, 1}), weight("qkv.bias", {3}, {1, 0, 0}),
          weight("pos_embed.height_rel", {static_cast<Extent>(height_rel.size()), 1}, height_rel),
          weight("pos_embed.width_rel", {1, 1}, {0})};
}

}  // namespace

TEST_CASE("bottleneck attention's positions count from the query to the key", "[spatial]") {
  // -1: 0, 0: 1, +1: 3. The first row sees itself (1) and the next one (3).
  const Weights weights = bottleneck_weights({0, 1, 3});
  const HostTensor x = input({1, 1, 2, 1}, {1, 2});
  const LayerResults results = run_with(layer("BottleneckAttention", {{"heads", 1}}), weights, {x});
  check_values(results.map(), {1, 2, 2}, {1 - sigmoid(2), sigmoid(2), 1 - sigmoid(1), sigmoid(1)});
  check_values(results.output(), {1, 1, 2, 1}, {1 + sigmoid(2), 1 + sigmoid(1)});
}

TEST_CASE("bottleneck attention scales its positions only when told", "[spatial]") {
  // Four elements of a query: the scale is a half.
  const Weights weights = {
      weight("qkv.weight", {9, 1, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 1}),
      weight("qkv.bias", {9}, {1, 1, 0, 0, 2, 0, 0, 0, 0}),
      weight("pos_embed.height_rel", {3, 4}, {0, 0, 9, 9, 0, 0, 9, 9, 1, 1, 9, 9}),
      weight("pos_embed.width_rel", {1, 4}, {0})};
  const HostTensor x = input({1, 1, 2, 1}, {0, 1});
  const auto first = [&](Options options) {
    options.add_number("heads", 1);
    return run_with(layer("BottleneckAttention", options), weights, {x}).map().values<float>()[1];
  };
  CHECK(first({}) == Approx(sigmoid(2)));
  CHECK(first({{"scalePosition", 1}}) == Approx(sigmoid(1)));
}

TEST_CASE("bottleneck attention is of one size", "[spatial]") {
  const Weights weights = bottleneck_weights({0, 1, 3});
  const Layer one = layer("BottleneckAttention", {{"heads", 1}});
  CHECK(error_with(one, weights, {input({1, 1, 1, 2}, {1, 2})}) ==
        "input 'x' has shape (1, 1, 1, 2), the model expects (batch, 1, 2, 1)");
  CHECK(error_with(layer("BottleneckAttention", {{"heads", 1}, {"size", {3, 1}}}), weights, {}) ==
        "weights of a wrong shape: pos_embed.height_rel float32 (3, 1) (expected float32 (5, 1))");
  CHECK(layer_error(layer("BottleneckAttention", {{"channels", 4}}), nullptr, {}) ==
        "BottleneckAttention: a new layer needs the option 'size'");
  CHECK(layer_error(layer("BottleneckAttention", {{"channels", 6}, {"size", 4}}), nullptr, {}) ==
        "BottleneckAttention: 6 channels of values do not divide into 4 heads");
}

namespace {

// Two heads of one channel: k is 0 and v is x in the first, k is x and v is 10 x in the second.
Weights halo_weights(Extent window) {
  const Shape table = {2 * window - 1, 1};
  return {weight("q.weight", {2, 1, 1, 1}, {0, 1}),
          weight("kv.weight", {4, 1, 1, 1}, {0, 1, 1, 10}),
          weight("pos_embed.height_rel", table, {0}), weight("pos_embed.width_rel", table, {0})};
}

}  // namespace

TEST_CASE("halo attention attends to the zeros beyond the border", "[spatial]") {
  const Layer block = layer("HaloAttention", {{"block", 2}, {"halo", 1}});
  const LayerResults results = run_with(block, halo_weights(4), {weight("x", {1, 1, 2, 2}, {1})});
  // Nothing is known of the first head: 4 of 16 positions are 1. Keys of the second one have
  // logits of 1 within the map and 0 beyond.
  const float inside = 4 * std::exp(1.0f), share = inside / (inside + 12);
  check_values(results.output(), {1, 2, 2, 2},
               {0.25f, 0.25f, 0.25f, 0.25f, 10 * share, 10 * share, 10 * share, 10 * share});
  CHECK(results.map().shape == Shape{2, 1, 4, 16});
}

TEST_CASE("halo attention's positions count within the window, without the halo", "[spatial]") {
  Weights weights = halo_weights(3);
  // One block of one position in a window of three: key row - 0 + 2, so rows are entries 2, 3, 4.
  weights[2] = weight("pos_embed.height_rel", {5, 1}, {9, 9, 0, 2, 0});
  const Layer block = layer("HaloAttention", {{"block", 1}, {"halo", 1}});
  const LayerResults results = run_with(block, weights, {weight("x", {1, 1, 1, 1}, {1})});
  // The second head's query is 1, and so is its key in the middle.
  const float row = std::exp(2.0f), middle = std::exp(3.0f), sum = 6 + 2 * row + middle;
  const auto map = results.map().values<float>();
  CHECK(map[9] == Approx(1 / sum));
  CHECK(map[9 + 3] == Approx(row / sum));
  CHECK(map[9 + 4] == Approx(middle / sum));
}

TEST_CASE("halo attention says what it cannot be", "[spatial]") {
  const Layer block = layer("HaloAttention", {{"block", 2}, {"halo", 1}});
  CHECK(error_with(block, halo_weights(4), {weight("x", {1, 1, 2, 3}, {1})})
            .find("the shape (3) cannot be reshaped to (1, 2)") != std::string::npos);
  CHECK(error_with(layer("HaloAttention", {{"block", 2}, {"halo", 2}}), halo_weights(4), {}) ==
        "weights of a wrong shape: pos_embed.height_rel float32 (7, 1) (expected float32 (11, 1)), "
        "pos_embed.width_rel float32 (7, 1) (expected float32 (11, 1))");
  CHECK(error_with(layer("HaloAttention", {{"heads", 3}, {"block", 2}, {"halo", 1}}),
                   halo_weights(4),
                   {}) == "HaloAttention: the option 'heads' is 3, the weights say 2");
}

// --- Lambda ---

TEST_CASE("a lambda layer sums the whole map's content and the position's surroundings",
          "[spatial]") {
  // Two heads with queries 1 and 2; keys are alike, values are x.
  const Weights weights = joined(
      {{weight("qkv.weight", {4, 1, 1, 1}, {0, 0, 0, 1}), weight("qkv.bias", {4}, {1, 2, 0, 0}),
        weight("conv_lambda.weight", {1, 1, 3, 3, 1}, {0, 0, 0, 5, 0, 7, 0, 0, 0}),
        weight("conv_lambda.bias", {1}, {100})},
       plain_batch_norm("norm_q", 2),
       plain_batch_norm("norm_v", 1)});
  const LayerResults results =
      run_with(layer("LambdaLayer", {}), weights, {input({1, 1, 1, 3}, {1, 2, 6})});
  // Content is the mean, 3; to the left counts 5, to the right 7.
  const float a = 3 + 100 + 14, b = 3 + 100 + 5 + 42, c = 3 + 100 + 10;
  check_values(results.output(), {1, 2, 1, 3}, {a, b, c, 2 * a, 2 * b, 2 * c});
  CHECK(results.maps.empty());
}

TEST_CASE("a lambda layer of all positions needs no size, and its output may be wider",
          "[spatial]") {
  // Of a map of up to two columns: -1 counts 5, +1 counts 7.
  const Weights weights =
      joined({{weight("qkv.weight", {3, 1, 1, 1}, {0, 0, 1}), weight("qkv.bias", {3}, {1, 0, 0}),
               weight("pos_emb", {1, 3, 1}, {5, 0, 7})},
              plain_batch_norm("norm_q", 1),
              plain_batch_norm("norm_v", 1)});
  const LayerResults results =
      run_with(layer("LambdaLayer", {}), weights, {input({1, 1, 1, 2}, {1, 3})});
  check_values(results.output(), {1, 1, 1, 2}, {2 + 21, 2 + 5});
  CHECK(layer_error(layer("LambdaLayer", {{"channels", 6}}), nullptr, {}) ==
        "LambdaLayer: 6 channels do not divide into 4 heads");
}

// --- Axial ---

namespace {

// One group of two channels: q is 1, k is x, v is (x, 0); embeddings are of 2 positions.
Weights axial_weights(std::initializer_list<float> relative, float similarity = 1) {
  Weights weights = joined({{weight("qkv_transform.weight", {4, 1, 1}, {0, 1, 1, 0}),
                             weight("relative", {4, 3}, relative)},
                            plain_batch_norm("bn_qkv", 4),
                            plain_batch_norm("bn_similarity", 3, 4),
                            plain_batch_norm("bn_output", 4)});
  for (HostTensor& w : weights) {
    if (w.name == "bn_qkv.bias") w = weight(w.name, {4}, {1, 0, 0, 0});
    if (w.name == "bn_similarity.weight") w = weight(w.name, {3}, {similarity, 1, 1});
  }
  return weights;
}

}  // namespace

TEST_CASE("axial attention has no scale, and a norm for each similarity", "[spatial]") {
  const HostTensor x = input({1, 1, 1, 2}, {0, 2});
  const auto map = [&](const Weights& weights) {
    const Layer along = layer("AxialAttention", {{"axis", "width"}});
    return run_with(along, weights, {x}).map();
  };
  check_values(map(axial_weights({0})), {1, 1, 2, 2},
               {1 - sigmoid(2), sigmoid(2), 1 - sigmoid(2), sigmoid(2)});
  check_values(map(axial_weights({0}, 0.5f)), {1, 1, 2, 2},
               {1 - sigmoid(1), sigmoid(1), 1 - sigmoid(1), sigmoid(1)});
}

TEST_CASE("axial attention's embeddings are of query minus key, of values too", "[spatial]") {
  const Layer along = layer("AxialAttention", {{"axis", "width"}});
  // Of queries: -1 gives 3. The first one sees the second by 3 more.
  const HostTensor zero = input({1, 1, 1, 2}, {0, 0});
  check_values(run_with(along, axial_weights({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), {zero}).map(),
               {1, 1, 2, 2}, {1 - sigmoid(3), sigmoid(3), 0.5f, 0.5f});
  // Of keys: k_j times the embedding of j - i. The second key, 2, seen from the first, is +1.
  const HostTensor x = input({1, 1, 1, 2}, {0, 2});
  const LayerResults keys =
      run_with(along, axial_weights({0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0}), {x});
  check_values(keys.map(), {1, 1, 2, 2}, {1 - sigmoid(8), sigmoid(8), 1 - sigmoid(2), sigmoid(2)});
  // Of values, the second channel: +1 gives 4.
  const LayerResults values =
      run_with(along, axial_weights({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4}), {zero});
  check_values(values.output(), {1, 2, 1, 2}, {0, 0, 0, 2});
}

TEST_CASE("axial attention keeps lines apart, and is of one length", "[spatial]") {
  const HostTensor x = input({1, 1, 2, 2}, {0, 0, 2, 4});
  const Weights weights = axial_weights({0});
  // Along height: columns (0, 2) and (0, 4).
  const LayerResults results = run_with(layer("AxialAttention", {}), weights, {x});
  check_values(results.map(), {2, 1, 2, 2},
               {1 - sigmoid(2), sigmoid(2), 1 - sigmoid(2), sigmoid(2), 1 - sigmoid(4), sigmoid(4),
                1 - sigmoid(4), sigmoid(4)});
  CHECK(error_with(layer("AxialAttention", {}), weights, {weight("x", {1, 1, 3, 2}, {1})}) ==
        "input 'x' has shape (1, 1, 3, 2), the model expects (batch, 1, 2, width)");
  CHECK(layer_error(layer("AxialAttention", {{"channels", 8}, {"groups", 3}, {"size", 4}}), nullptr,
                    {}) ==
        "AxialAttention: 8 output channels do not divide into 3 groups of queries and keys of the "
        "same width");
}

// --- Deformable ---

namespace {

// One channel, head and group whose points stay where they are; keys are nothing, values x.
Weights deformable_weights(float move = 0) {
  return joined({flat("proj_q", {1, 1, 1, 1}, 0, 1),
                 flat("proj_k", {1, 1, 1, 1}, 0, 0),
                 flat("proj_v", {1, 1, 1, 1}, 1, 0),
                 flat("proj_out", {1, 1, 1, 1}, 1, 0),
                 flat("conv_offset.0", {1, 1, 1, 1}, 0, 0),
                 {weight("conv_offset.1.norm.weight", {1}, {0}),
                  weight("conv_offset.1.norm.bias", {1}, {100}),
                  weight("conv_offset.3.weight", {2, 1, 1, 1}, {0, move})}});
}

}  // namespace

TEST_CASE("deformable attention's reference points are half a pixel off, the last ones outside",
          "[spatial]") {
  const Layer one = layer("DeformableAttention", {{"heads", 1}});
  const HostTensor x = input({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const LayerResults results = run_with(one, deformable_weights(), {x});
  // y, then x: (i + 0.5) / (n - 1) * 2 - 1.
  check_values(results.map("positions"), {1, 1, 2, 3, 2},
               {0, -0.5f, 0, 0.5f, 0, 1.5f, 2, -0.5f, 2, 0.5f, 2, 1.5f});
  // Samples: row 0.5, columns 0.5, 1.5, 2.5 (where half is zero), row 1.5 (half) of the last one.
  const float samples = 3 + 4 + 4.5f / 2 + (4.5f + 5.5f + 6 / 2.0f) / 2;
  check_values(results.output(), {1, 1, 2, 3}, {samples / 6});
}

TEST_CASE("deformable attention's points move by at most the range, in steps of their grid",
          "[spatial]") {
  const HostTensor x = input({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const auto positions = [&](double range) {
    const Layer one = layer("DeformableAttention", {{"heads", 1}, {"offsetRange", range}});
    return run_with(one, deformable_weights(1), {x}).map("positions");
  };
  // tanh(100) = 1: to the right by 3 / 2.
  check_values(positions(3), {1, 1, 2, 3, 2}, {0, 1, 0, 2, 0, 3, 2, 1, 2, 2, 2, 3});
  // Below 0: by 100, and not beyond the border.
  check_values(positions(-1), {1, 1, 2, 3, 2}, {0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("deformable attention's table is looked up at half of query minus point", "[spatial]") {
  Weights weights = deformable_weights();
  // Its middle row: from -1 to 1 as columns go from 0 to 4.
  weights.push_back(weight("rpe_table", {1, 1, 5}, {0, 1, 2, 3, 4}));
  const Layer one = layer("DeformableAttention", {{"heads", 1}, {"stride", 2}, {"kernel", 1}});
  const HostTensor x = input({1, 1, 3, 3}, {1});
  const LayerResults results = run_with(one, weights, {x});
  CHECK(results.map("deformable-attention").shape == Shape{1, 9, 4});
  // The first query, at -1, and the points at 0 and 2 (twice): (-1 - 0) / 2 is column 1, and
  // (-1 - 2) / 2 is beyond the table by one column: zero, as is what lies outside above.
  const auto map = results.map("deformable-attention").values<float>();
  CHECK(map[0] > map[1]);
  CHECK(error_with(layer("DeformableAttention", {{"heads", 2}}), weights, {x}) ==
        "DeformableAttention: 1 channels, 2 heads and 1 groups do not divide");
}

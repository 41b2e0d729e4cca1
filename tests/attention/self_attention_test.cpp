// Self-attention: what implementations disagree about, and what holds for all forms.
#include <cmath>

#include "support/sequence_layers.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

using Weights = std::vector<HostTensor>;

constexpr Tolerance kTolerance = {1e-5, 1e-6};
const float kNaN = std::nanf("");

Layer mha(Options options) { return {"MultiHeadAttention", "", std::move(options), {}}; }
Layer sdpa(Options options) { return {"ScaledDotProductAttention", "", std::move(options), {}}; }
Layer rotary(Options options) { return {"rotaryEmbedding", "", std::move(options), {}}; }

// One channel in one head: values are the inputs, and with q = 0 all scores are alike, so that a
// query takes the mean of what it sees.
Weights torch_weights(float q, float k) {
  return {weight("in_proj_weight", {3, 1}, {q, k, 1}), weight("out_proj.weight", {1, 1}, {1})};
}
Weights timm_weights(float q, float k) {
  return {weight("qkv.weight", {3, 1}, {q, k, 1}), weight("proj.weight", {1, 1}, {1})};
}

Weights with(Weights weights, std::initializer_list<HostTensor> more) {
  weights.insert(weights.end(), more);
  return weights;
}

HostTensor query_of(const Shape& shape, std::initializer_list<float> values) {
  return weight("query", shape, values);
}

// A weight whose rows (or, with `by_columns`, columns) are those of `from` in another order.
HostTensor rearranged(std::string name, const HostTensor& from, const std::vector<Extent>& rows,
                      bool transposed) {
  const Extent count = static_cast<Extent>(rows.size()), columns = from.shape.count() / count;
  std::vector<float> values(static_cast<size_t>(from.shape.count()));
  for (Extent r = 0; r < count; ++r) {
    for (Extent c = 0; c < columns; ++c) {
      const Extent to = transposed ? c * count + r : r * columns + c;
      values[static_cast<size_t>(to)] =
          from.values<float>()[static_cast<size_t>(rows[static_cast<size_t>(r)] * columns + c)];
    }
  }
  const Shape shape = from.shape.rank() == 1 ? Shape{count}
                      : transposed           ? Shape{columns, count}
                                             : Shape{count, columns};
  return host_tensor(std::span<const float>(values), shape, std::move(name));
}

}  // namespace

// --- Masks ---

TEST_CASE("true blocks for PyTorch's multi-head attention, and attends for all others", "[self]") {
  const HostTensor x = query_of({1, 2, 1}, {1, 10});
  const HostTensor mask = bools("attn_mask", {2, 2}, {1, 0, 0, 0});
  const auto with_torch = [&](Options options) {
    return must_run(mha(std::move(options)), torch_weights(0, 1), {x, mask}).output();
  };
  const auto with_timm = [&](Options options) {
    return must_run(mha(std::move(options)), timm_weights(0, 1), {x, mask}).output();
  };
  check_values(with_torch({{"heads", 1}}), {1, 2, 1}, {10, 5.5f});
  check_values(with_timm({{"heads", 1}}), {1, 2, 1}, {1, 0});
  check_values(with_torch({{"heads", 1}, {"trueMeans", "attend"}}), {1, 2, 1}, {1, 0});
  check_values(with_timm({{"heads", 1}, {"trueMeans", "blocked"}}), {1, 2, 1}, {10, 5.5f});
  const HostTensor zeros = weight("q", {1, 1, 2, 1}, {0}), keys = weight("k", {1, 1, 2, 1}, {0});
  const HostTensor seen = bools("mask", {2, 2}, {1, 0, 0, 0});
  check_values(
      must_run(sdpa({}), {}, {zeros, keys, weight("v", {1, 1, 2, 1}, {1, 10}), seen}).output(),
      {1, 1, 2, 1}, {1, 0});
}

TEST_CASE("a new layer's masks are PyTorch's", "[self]") {
  const HostTensor x = random_input("query", {1, 3, 4}, 1);
  const HostTensor blocked = bools("key_padding_mask", {1, 3}, {0, 0, 1});
  const HostTensor map =
      must_run(mha({{"channels", 4}, {"heads", 1}}), {}, {x, blocked}).maps.at(0);
  for (size_t row = 0; row < 3; ++row) CHECK(map.values<float>()[row * 3 + 2] == 0);
}

TEST_CASE("masks of pairs and of keys count together, whatever their types", "[self]") {
  const HostTensor x = query_of({2, 3, 1}, {1, 2, 4, 10, 20, 40});
  const HostTensor padding = bools("key_padding_mask", {2, 3}, {0, 0, 1, 1, 0, 0});
  const HostTensor pairs = bools("attn_mask", {3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  const HostTensor added =
      weight("attn_mask", {3, 3}, {-INFINITY, 0, 0, 0, -INFINITY, 0, 0, 0, -INFINITY});
  for (const HostTensor& mask : {pairs, added}) {
    const HostTensor y =
        must_run(mha({{"heads", 1}}), torch_weights(0, 1), {x, mask, padding}).output();
    check_values(y, {2, 3, 1}, {2, 1, 1.5f, 30, 40, 20});
  }
}

TEST_CASE("a mask of rank 3 has the heads of a batch side by side", "[self]") {
  // Two batches, two heads of one channel, one query, two keys.
  const Weights weights = {weight("in_proj_weight", {6, 2}, {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1}),
                           weight("out_proj.weight", {2, 2}, {1, 0, 0, 1})};
  const HostTensor mask = bools("attn_mask", {4, 1, 2}, {1, 0, 0, 1, 0, 0, 1, 0});
  const LayerResults results =
      must_run(mha({{"heads", 2}}), weights,
               {weight("query", {2, 1, 2}, {0}), random_input("key", {2, 2, 2}, 1), mask});
  check_values(results.map(), {2, 2, 1, 2}, {0, 1, 1, 0, 0.5f, 0.5f, 0, 1});
}

TEST_CASE("causality stands at the first key, or at the last", "[self]") {
  const std::vector<HostTensor> inputs = {weight("q", {1, 1, 3, 1}, {0}),
                                          weight("k", {1, 1, 2, 1}, {0}),
                                          weight("v", {1, 1, 2, 1}, {1, 3})};
  const auto y = [&](Options options) {
    return must_run(sdpa(std::move(options)), {}, inputs).output();
  };
  check_values(y({}), {1, 1, 3, 1}, {2, 2, 2});
  check_values(y({{"causal", 1}}), {1, 1, 3, 1}, {1, 2, 2});
  check_values(y({{"causal", "top-left"}}), {1, 1, 3, 1}, {1, 2, 2});
  check_values(y({{"causal", "bottom-right"}}), {1, 1, 3, 1}, {0, 1, 2});
  check_values(y({{"causal", "bottom-right"}, {"emptyRow", "nan"}}), {1, 1, 3, 1}, {kNaN, 1, 2});
  // A step of a decoder: its one query sees all keys.
  const std::vector<HostTensor> step = {weight("q", {1, 1, 1, 1}, {0}), inputs[1], inputs[2]};
  check_values(must_run(sdpa({{"causal", "bottom-right"}}), {}, step).output(), {1, 1, 1, 1}, {2});
  check_values(must_run(sdpa({{"causal", 1}}), {}, step).output(), {1, 1, 1, 1}, {1});
}

TEST_CASE("a query that sees no key takes zeros: the last projection's bias remains", "[self]") {
  const Weights weights = with(torch_weights(1, 1), {weight("in_proj_bias", {3}, {0}),
                                                     weight("out_proj.bias", {1}, {0.25f})});
  const std::vector<HostTensor> inputs = {query_of({1, 2, 1}, {1, 2}),
                                          bools("attn_mask", {2, 2}, {0, 1, 1, 1})};
  const LayerResults zeros = must_run(mha({{"heads", 1}}), weights, inputs);
  check_values(zeros.output(), {1, 2, 1}, {1.25f, 0.25f});
  check_values(zeros.map(), {1, 1, 2, 2}, {1, 0, 0, 0});
  const LayerResults nan = must_run(mha({{"heads", 1}, {"emptyRow", "nan"}}), weights, inputs);
  check_values(nan.output(), {1, 2, 1}, {1.25f, kNaN});
  check_values(nan.map(), {1, 1, 2, 2}, {1, 0, kNaN, kNaN});
}

TEST_CASE("finite masks leave no row empty", "[self]") {
  const HostTensor x = query_of({1, 2, 1}, {1, 3});
  const HostTensor mask = weight("attn_mask", {2, 2}, {-1e9f, -1e9f, 0, -1e9f});
  check_values(must_run(mha({{"heads", 1}}), torch_weights(0, 1), {x, mask}).output(), {1, 2, 1},
               {2, 1});
}

TEST_CASE("a NaN of a masked value spreads, as in PyTorch", "[self]") {
  const std::vector<HostTensor> inputs = {
      weight("q", {1, 1, 1, 1}, {0}), weight("k", {1, 1, 2, 1}, {0}),
      weight("v", {1, 1, 2, 1}, {kNaN, 1}), bools("mask", {2}, {0, 1})};
  check_values(must_run(sdpa({}), {}, inputs).output(), {1, 1, 1, 1}, {kNaN});
}

// --- Heads and projections ---

TEST_CASE("groups of neighbouring query heads share keys and values", "[self]") {
  const std::vector<HostTensor> inputs = {random_input("q", {1, 4, 1, 1}, 1),
                                          random_input("k", {1, 2, 1, 1}, 2),
                                          weight("v", {1, 2, 1, 1}, {5, 7})};
  check_values(must_run(sdpa({}), {}, inputs).output(), {1, 4, 1, 1}, {5, 5, 7, 7});
}

TEST_CASE("the scale is one over the root of a head's width, or what is said", "[self]") {
  const std::vector<HostTensor> inputs = {weight("q", {1, 1, 1, 4}, {1}),
                                          weight("k", {1, 1, 2, 4}, {0, 0, 0, 0, 1, 1, 1, 1}),
                                          weight("v", {1, 1, 2, 1}, {0, 1})};
  const auto share = [](float score) { return std::exp(score) / (1 + std::exp(score)); };
  check_values(must_run(sdpa({}), {}, inputs).output(), {1, 1, 1, 1}, {share(2)});
  check_values(must_run(sdpa({{"scale", 0.25}}), {}, inputs).output(), {1, 1, 1, 1}, {share(1)});
}

TEST_CASE("a learned key and one of zeros stand behind the keys, and no mask covers them",
          "[self]") {
  const Weights weights = with(
      torch_weights(1, 1), {weight("bias_k", {1, 1, 1}, {2}), weight("bias_v", {1, 1, 1}, {6})});
  const std::vector<HostTensor> inputs = {query_of({1, 2, 1}, {1, 0}),
                                          bools("attn_mask", {2, 2}, {1, 1, 1, 1})};
  const LayerResults learned = must_run(mha({{"heads", 1}}), weights, inputs);
  check_values(learned.output(), {1, 2, 1}, {6, 6});
  check_values(learned.map(), {1, 1, 2, 3}, {0, 0, 1, 0, 0, 1});
  const float share = std::exp(2.0f) / (1 + std::exp(2.0f));
  const LayerResults both = must_run(mha({{"heads", 1}, {"addZeroAttention", 1}}), weights, inputs);
  check_values(both.map(), {1, 1, 2, 4}, {0, 0, share, 1 - share, 0, 0, 0.5f, 0.5f});
  check_values(both.output(), {1, 2, 1}, {6 * share, 3});
  CHECK(error_of(mha({{"heads", 1}, {"causal", 1}}), weights, {inputs[0]}).find("is_causal") !=
        std::string::npos);
}

TEST_CASE("the map is of every head, or their mean", "[self]") {
  const HostTensor x = random_input("query", {2, 5, 8}, 1);
  const HostTensor each = must_run(mha({{"channels", 8}, {"heads", 2}}), {}, {x}).map();
  const HostTensor mean =
      must_run(mha({{"channels", 8}, {"heads", 2}, {"averageHeads", 1}}), {}, {x}).map();
  std::vector<float> expected;
  for (size_t b = 0; b < 2; ++b) {
    for (size_t i = 0; i < 25; ++i) {
      const float* first = each.values<float>().data() + b * 50;
      expected.push_back((first[i] + first[25 + i]) / 2);
    }
  }
  check_values(mean, {2, 5, 5}, expected);
}

TEST_CASE("with the length first, every sequence attends to itself", "[self]") {
  // One token each: taken for one sequence of two, both would be the mean.
  const HostTensor x = query_of({1, 2, 1}, {3, 5});
  check_values(must_run(mha({{"heads", 1}, {"batchFirst", 0}}), torch_weights(0, 1), {x}).output(),
               {1, 2, 1}, {3, 5});
  check_values(must_run(mha({{"heads", 1}}), torch_weights(0, 1), {x}).output(), {1, 2, 1}, {4, 4});
}

TEST_CASE("one projection by any of its names and orders", "[self]") {
  constexpr Extent kHeads = 2, kWidth = 3, kAll = kHeads * kWidth;
  const HostTensor qkv = random_input("qkv.weight", {3 * kAll, kAll}, 1);
  const HostTensor bias = random_input("qkv.bias", {3 * kAll}, 2);
  const HostTensor proj = random_input("proj.weight", {kAll, kAll}, 3);
  const HostTensor proj_bias = random_input("proj.bias", {kAll}, 4);
  const HostTensor x = random_input("query", {2, 4, kAll}, 5);
  const Layer layer = mha({{"heads", kHeads}});
  const HostTensor expected = must_run(layer, {qkv, bias, proj, proj_bias}, {x}).output();
  std::vector<Extent> same, by_heads, part[3], rows;
  for (Extent i = 0; i < 3 * kAll; ++i) {
    same.push_back(i);
    const Extent head = i / (3 * kWidth), which = i / kWidth % 3;
    by_heads.push_back(which * kAll + head * kWidth + i % kWidth);
    part[i / kAll].push_back(i);
  }
  for (Extent i = 0; i < kAll; ++i) rows.push_back(i);
  const auto check = [&](const Weights& weights) {
    CHECK(difference(must_run(layer, weights, {x}).output(), expected, kTolerance) == "");
  };
  check({rearranged("in_proj_weight", qkv, same, false),
         rearranged("in_proj_bias", bias, same, false),
         rearranged("out_proj.weight", proj, rows, false),
         rearranged("out_proj.bias", proj_bias, rows, false)});
  check({rearranged("c_attn.weight", qkv, same, true), rearranged("c_attn.bias", bias, same, false),
         rearranged("c_proj.weight", proj, rows, true),
         rearranged("c_proj.bias", proj_bias, rows, false)});
  check({rearranged("query_key_value.weight", qkv, by_heads, false),
         rearranged("query_key_value.bias", bias, by_heads, false),
         rearranged("dense.weight", proj, rows, false),
         rearranged("dense.bias", proj_bias, rows, false)});
  Weights apart = {rearranged("o_proj.weight", proj, rows, false),
                   rearranged("o_proj.bias", proj_bias, rows, false)};
  for (int i = 0; i < 3; ++i) {
    const std::string name = std::string(1, "qkv"[i]) + "_proj.";
    // rearranged() takes as many rows as it is told.
    std::vector<float> w, b;
    for (Extent row : part[i]) {
      b.push_back(bias.values<float>()[static_cast<size_t>(row)]);
      for (Extent c = 0; c < kAll; ++c) {
        w.push_back(qkv.values<float>()[static_cast<size_t>(row * kAll + c)]);
      }
    }
    apart.push_back(host_tensor(std::span<const float>(w), {kAll, kAll}, name + "weight"));
    apart.push_back(host_tensor(std::span<const float>(b), {kAll}, name + "bias"));
  }
  check(apart);
}

// --- Rotary embedding ---

TEST_CASE("pairs are halves or neighbours, and position 0 stays", "[self]") {
  const HostTensor x = weight("x", {1, 1, 2, 4}, {1, 0, 0, 0, 1, 0, 0, 0});
  const float c = std::cos(1.0f), s = std::sin(1.0f);
  check_values(must_run(rotary({{"layout", "half"}}), {}, {x}).output(), {1, 1, 2, 4},
               {1, 0, 0, 0, c, 0, s, 0});
  check_values(must_run(rotary({{"layout", "interleaved"}}), {}, {x}).output(), {1, 1, 2, 4},
               {1, 0, 0, 0, c, s, 0, 0});
  // The second pair turns by base^(-1/2).
  const HostTensor second = weight("x", {1, 1, 2, 4}, {0, 1, 0, 0, 0, 1, 0, 0});
  check_values(must_run(rotary({{"base", 16}}), {}, {second}).output(), {1, 1, 2, 4},
               {0, 1, 0, 0, 0, std::cos(0.25f), 0, std::sin(0.25f)});
}

TEST_CASE("an offset counts the positions in front", "[self]") {
  const HostTensor x = random_input("x", {1, 2, 7, 8}, 1);
  const auto tail = [](const HostTensor& t) {
    std::vector<float> values;
    for (size_t head = 0; head < 2; ++head) {
      const float* from = t.values<float>().data() + (head * 7 + 4) * 8;
      values.insert(values.end(), from, from + 24);
    }
    return host_tensor(std::span<const float>(values), {1, 2, 3, 8}, "x");
  };
  const HostTensor whole = must_run(rotary({}), {}, {x}).output();
  CHECK(difference(must_run(rotary({{"offset", 4}}), {}, {tail(x)}).output(), tail(whole),
                   kTolerance) == "");
}

TEST_CASE("products of turned tokens depend on how far apart they are", "[self]") {
  // The same token everywhere.
  std::vector<float> values;
  for (int i = 0; i < 6; ++i) values.insert(values.end(), {0.5f, -1, 2, 0.25f, 1, -0.75f});
  const HostTensor x = host_tensor(std::span<const float>(values), {1, 6, 6}, "x");
  const HostTensor y = must_run(rotary({{"heads", 1}}), {}, {x}).output();
  const auto product = [&](size_t a, size_t b) {
    double sum = 0;
    for (size_t i = 0; i < 6; ++i) {
      sum += static_cast<double>(y.values<float>()[a * 6 + i]) *
             static_cast<double>(y.values<float>()[b * 6 + i]);
    }
    return sum;
  };
  CHECK(product(0, 2) == Approx(product(3, 5)).epsilon(1e-5));
  CHECK(product(0, 0) == Approx(product(4, 4)).epsilon(1e-5));
  CHECK(product(0, 2) != Approx(product(0, 3)).epsilon(1e-2));
}

TEST_CASE("a part of a head turns, the rest stays", "[self]") {
  const HostTensor x = weight("x", {1, 2, 4}, {0, 0, 0, 0, 1, 0, 5, 6});
  check_values(must_run(rotary({{"heads", 1}, {"rotaryWidth", 2}}), {}, {x}).output(), {1, 2, 4},
               {0, 0, 0, 0, std::cos(1.0f), std::sin(1.0f), 5, 6});
}

TEST_CASE("of a grid the first half turns by rows, the second by columns, and the prefix stays",
          "[self]") {
  std::vector<float> values;
  for (int i = 0; i < 5; ++i) values.insert(values.end(), {1, 0, 1, 0});
  const HostTensor x = host_tensor(std::span<const float>(values), {1, 1, 5, 4}, "x");
  const Options options = {{"layout", "interleaved"}, {"size", {2, 2}}, {"prefixTokens", 1}};
  const float c = std::cos(1.0f), s = std::sin(1.0f);
  check_values(must_run(rotary(options), {}, {x}).output(), {1, 1, 5, 4}, {1, 0, 1, 0,  // in front
                                                                           1, 0, 1, 0,  // (0, 0)
                                                                           1, 0, c, s,  // (0, 1)
                                                                           c, s, 1, 0,  // (1, 0)
                                                                           c, s, c, s});  // (1, 1)
  CHECK(error_of(rotary({{"layout", "interleaved"}, {"size", {2, 3}}}), {}, {x}) != "no error");
}

// --- The one-dimensional form ---

TEST_CASE("the read-out is the sum over positions, over their norm", "[self]") {
  // No likeness: every position has the mean of the values, 2 and -3.
  const Weights weights = {weight("q_proj.weight", {1, 1}, {0}),
                           weight("k_proj.weight", {1, 1}, {1}),
                           weight("v_proj.weight", {2, 1}, {1, -1.5f})};
  const HostTensor x = weight("x", {1, 2, 1}, {1, 3});
  const Layer plain = {"SequenceSelfAttention", "", {}, {}};
  const Layer read_out = {"SequenceSelfAttention", "", {{"readOut", 1}}, {}};
  check_values(must_run(plain, weights, {x}).output(), {1, 2, 2}, {2, -3, 2, -3});
  check_values(must_run(read_out, weights, {x}).output(), {1, 2},
               {std::sqrt(2.0f), -std::sqrt(2.0f)});
}

// --- All of them ---

TEST_CASE("self-attention is built without weights and runs in both layouts", "[self]") {
  check_runs(GENERATE(from_range(self_attention_cases())));
}

TEST_CASE("self-attention treats the sequences of a batch apart", "[self]") {
  check_batch_order(GENERATE(from_range(self_attention_cases())));
}

TEST_CASE("a NaN is seen in its own sequence", "[self]") {
  check_nan(GENERATE(from_range(self_attention_cases())));
}

TEST_CASE("self-attention refuses what does not fit, and says why", "[self]") {
  const auto says = [](const std::string& message, std::initializer_list<const char*> parts) {
    for (const char* part : parts) {
      INFO(message);
      CHECK(message.find(part) != std::string::npos);
    }
  };
  const HostTensor x = random_input("query", {1, 4, 16}, 1);
  says(error_of(mha({{"channels", 16}}), {}, {x}), {"'heads'"});
  says(error_of(mha({{"heads", 4}}), {}, {x}), {"'channels'"});
  says(error_of(mha({{"channels", 16}, {"heads", 3}}), {}, {x}), {"48 rows", "3 heads"});
  says(error_of(mha({{"channels", 16}, {"heads", 4}, {"kvHeads", 3}}), {}, {x}),
       {"4 heads", "3 heads"});
  says(error_of(mha({{"channels", 16}, {"heads", 4}}), {}, {random_input("query", {4, 16}, 1)}),
       {"'query'", "(4, 16)", "(batch, length, 16)"});
  says(error_of(mha({{"channels", 16}, {"heads", 4}}), {}, {random_input("query", {1, 4, 12}, 1)}),
       {"(1, 4, 12)", "(batch, length, 16)"});
  says(error_of(mha({{"channels", 16}, {"heads", 4}}), {},
                {x, bools("attn_mask", {1, 3}, {0, 0, 0})}),
       {"(1, 3)", "(1, 4, 4, 4)"});
  says(error_of(mha({{"channels", 16}, {"heads", 4}}), {},
                {x, bools("key_padding_mask", {1, 3}, {0, 0, 0})}),
       {"3", "(1, 4, 4, 4)"});
  HostTensor whole_numbers = lengths_of({1, 1, 1, 1});
  whole_numbers.name = "attn_mask";
  says(error_of(mha({{"channels", 16}, {"heads", 4}}), {}, {x, whole_numbers}), {"int64"});
  says(error_of(mha({{"channels", 12}, {"heads", 4}, {"rotary", "half"}}), {},
                {random_input("query", {1, 4, 12}, 1)}),
       {"3"});
  says(error_of(mha({{"channels", 16}, {"heads", 4}, {"causal", "left"}}), {}, {x}),
       {"'causal'", "top-left|bottom-right"});
  says(error_of(sdpa({}), {},
                {random_input("q", {1, 3, 4, 8}, 1), random_input("k", {1, 2, 4, 8}, 1),
                 random_input("v", {1, 2, 4, 8}, 1)}),
       {"3 heads", "2 heads"});
}

TEST_CASE("all weights that are missing, wrong or not its own are listed at once", "[self]") {
  const Weights weights = {weight("qkv.weight", {24, 8}, {1}), weight("qkv.bias", {23}, {1}),
                           weight("proj.bias", {8}, {1}), weight("other.weight", {8}, {1})};
  const std::string message =
      error_of(mha({{"heads", 2}}), weights, {random_input("query", {1, 4, 8}, 1)});
  INFO(message);
  CHECK(message.find("missing") < message.find("out_proj.weight"));
  CHECK(message.find("of a wrong shape: qkv.bias float32 (23) (expected float32 (24))") !=
        std::string::npos);
  CHECK(message.find("not of the layer: other.weight, proj.bias") != std::string::npos);
  const std::string gate = error_of(mha({{"heads", 1}, {"gated", 1}}), timm_weights(1, 1),
                                    {random_input("query", {1, 4, 1}, 1)});
  INFO(gate);
  CHECK(gate.find("missing: gate.weight") != std::string::npos);
}

// The fused steps of attention against their definitions in double.
#include "kernels/attention.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>

#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;

namespace {

constexpr Tolerance kClose = {1e-5, 1e-5};

// Attention of q (B,h,L,d), k (B,g,S,d), v (B,g,S,e) in plain loops.
struct Reference {
  HostTensor q, k, v;
  double scale = 1;
  std::function<double(double)> cap = [](double score) { return score; };
  // What is added to the score of (batch, head, query, key): -inf hides it.
  std::function<double(const Extent*)> mask = [](const Extent*) { return 0.0; };
  HostTensor y, map;

  void run() {
    const Extent batch = q.shape[0], heads = q.shape[1], queries = q.shape[2], width = q.shape[3];
    const Extent group = heads / k.shape[1], keys = k.shape[2];
    std::vector<double> row(static_cast<size_t>(keys));  // of the query that the walk is at
    double sum = 0;
    map = tensor_of({batch, heads, queries, keys}, [&](const Extent* i) {
      for (Extent j = 0; i[3] == 0 && j < keys; ++j) {
        double score = 0;
        for (Extent e = 0; e < width; ++e) {
          const Extent at_q[] = {i[0], i[1], i[2], e}, at_k[] = {i[0], i[1] / group, j, e};
          score += at(q, at_q, 4) * at(k, at_k, 4);
        }
        const Extent at_mask[] = {i[0], i[1], i[2], j};
        sum = (j == 0 ? 0 : sum) + (row[j] = std::exp(cap(score * scale) + mask(at_mask)));
      }
      return row[i[3]] / sum;
    });
    y = tensor_of({batch, heads, queries, v.shape[3]}, [&](const Extent* i) {
      double sum = 0;
      for (Extent j = 0; j < keys; ++j) {
        const Extent at_map[] = {i[0], i[1], i[2], j}, at_v[] = {i[0], i[1] / group, j, i[3]};
        sum += at(map, at_map, 4) * at(v, at_v, 4);
      }
      return sum;
    });
  }
};

// (B,h,L,d) as (B,L,h*d).
HostTensor tokens(const HostTensor& x) {
  const Extent width = x.shape[3];
  return tensor_of({x.shape[0], x.shape[2], x.shape[1] * width}, [&](const Extent* i) {
    const Extent from[] = {i[0], i[2] / width, i[1], i[2] % width};
    return at(x, from, 4);
  });
}

// (B,h,L,d) as (B,h*d,rows,L/rows).
HostTensor channels(const HostTensor& x, Extent rows) {
  const Extent width = x.shape[3], columns = x.shape[2] / rows;
  return tensor_of({x.shape[0], x.shape[1] * width, rows, columns}, [&](const Extent* i) {
    const Extent from[] = {i[0], i[1] / width, i[2] * columns + i[3], i[1] % width};
    return at(x, from, 4);
  });
}

HostTensor packed(const HostTensor& q, const HostTensor& k, const HostTensor& v) {
  const HostTensor* const parts[] = {&q, &k, &v};
  const Extent width = q.shape[3], channels = q.shape[1] * width;
  return tensor_of({q.shape[0], q.shape[2], 3 * channels}, [&](const Extent* i) {
    const Extent c = i[2] % channels;
    const Extent from[] = {i[0], c / width, i[1], c % width};
    return at(*parts[i[2] / channels], from, 4);
  });
}

HostTensor bools(const Shape& shape, const std::function<bool(const Extent*)>& value) {
  HostTensor tensor{"", DType::kBool, shape, {}};
  tensor_of(shape, [&](const Extent* i) {
    tensor.data.push_back(std::byte{value(i)});
    return 0;
  });
  return tensor;
}

// Of bools; floats stay.
HostTensor inverted(HostTensor mask) {
  for (std::byte& b : mask.data) {
    if (mask.dtype == DType::kBool) b ^= std::byte{1};
  }
  return mask;
}

Reference random_reference(Extent batch, Extent heads, Extent groups, Extent queries, Extent keys,
                           Extent width, Extent value_width) {
  Reference r;
  r.q = random_tensor({batch, heads, queries, width}, 1);
  r.k = random_tensor({batch, groups, keys, width}, 2);
  r.v = random_tensor({batch, groups, keys, value_width}, 3);
  r.scale = 1 / std::sqrt(static_cast<double>(width));
  return r;
}

OperatorCall fused(std::string form, std::vector<HostTensor> inputs, Extent heads, double scale) {
  OperatorCall call = {"ScaledDotProduct", std::move(inputs)};
  call.attributes = {
      {"form", std::move(form)}, {"heads", int64_t{heads}}, {"scale", static_cast<float>(scale)}};
  call.domain = "heed";
  call.outputs = 2;
  return call;
}

}  // namespace

TEST_CASE("ScaledDotProduct gives the same in every form and layout, with its map") {
  struct Case {
    Extent batch, heads, queries, keys, width;
  };
  const Case cases[] = {{1, 1, 1, 1, 1},  {2, 8, 40, 40, 15}, {1, 2, 13, 13, 16},
                        {1, 3, 6, 6, 64}, {2, 1, 25, 25, 7},  {1, 1, 98, 98, 4},
                        {1, 2, 2, 2, 8},  {1, 1, 5, 5, 33}};
  for (const Case& c : cases) {
    CAPTURE(c.batch, c.heads, c.queries, c.width);
    Reference r = random_reference(c.batch, c.heads, c.heads, c.queries, c.keys, c.width, c.width);
    r.run();
    CHECK(difference(fused("heads", {r.q, r.k, r.v}, c.heads, r.scale), {r.y, r.map}, kClose) ==
          "");
    CHECK(difference(fused("tokens", {tokens(r.q), tokens(r.k), tokens(r.v)}, c.heads, r.scale),
                     {tokens(r.y), r.map}, kClose) == "");
    CHECK(difference(fused("packed", {packed(r.q, r.k, r.v)}, c.heads, r.scale),
                     {tokens(r.y), r.map}, kClose) == "");
    const Extent rows = c.queries % 2 == 0 ? 2 : 1;
    CHECK(difference(
              fused("channels", {channels(r.q, rows), channels(r.k, rows), channels(r.v, rows)},
                    c.heads, r.scale),
              {channels(r.y, rows), r.map}, kClose) == "");
  }
}

TEST_CASE(
    "ScaledDotProduct with other keys than queries, other values than keys, and few queries") {
  for (const Extent queries : {1, 2, 3, 30}) {
    for (const Extent keys : {1, 7, 300, 1500}) {
      CAPTURE(queries, keys);
      Reference r = random_reference(2, 2, 2, queries, keys, 12, 5);
      r.run();
      CHECK(difference(fused("heads", {r.q, r.k, r.v}, 2, r.scale), {r.y, r.map}, kClose) == "");
      CHECK(difference(fused("tokens", {tokens(r.q), tokens(r.k), tokens(r.v)}, 2, r.scale),
                       {tokens(r.y), r.map}, kClose) == "");
    }
  }
}

TEST_CASE("ScaledDotProduct shares keys and values among groups of heads") {
  Reference r = random_reference(1, 6, 2, 9, 11, 8, 8);
  r.run();
  OperatorCall call = fused("tokens", {tokens(r.q), tokens(r.k), tokens(r.v)}, 6, r.scale);
  call.attributes.push_back({"kv_heads", int64_t{2}});
  CHECK(difference(call, {tokens(r.y), r.map}, kClose) == "");
}

TEST_CASE("masks are added or hide keys, and broadcast over any axes") {
  Reference r = random_reference(4, 2, 2, 5, 6, 8, 8);
  for (const Shape& shape :
       {Shape{6}, Shape{5, 6}, Shape{5, 1}, Shape{2, 1, 6}, Shape{4, 2, 5, 6}, Shape{4, 1, 1, 6}}) {
    CAPTURE(shape.text());
    const HostTensor mask = random_tensor(shape, 8, -3, 3);
    r.mask = [&](const Extent* i) { return at(mask, i, 4); };
    r.run();
    CHECK(difference(fused("heads", {r.q, r.k, r.v, mask}, 2, r.scale), {r.y, r.map}, kClose) ==
          "");
    // Hide where the mask is negative, but never the first key.
    std::vector<uint8_t> bools;
    HostTensor allowed = tensor_of(shape, [&](const Extent* i) {
      const bool first = shape[shape.rank() - 1] == 1 || i[shape.rank() - 1] == 0;
      bools.push_back(first || at(mask, i, shape.rank()) > 0);
      return 0;
    });
    allowed = HostTensor{"", DType::kBool, shape, {}};
    for (uint8_t b : bools) allowed.data.push_back(std::byte{b});
    r.mask = [&](const Extent* i) { return at(allowed, i, 4) != 0 ? 0 : -HUGE_VAL; };
    r.run();
    CHECK(difference(fused("heads", {r.q, r.k, r.v, allowed}, 2, r.scale), {r.y, r.map}, kClose) ==
          "");
  }
}

TEST_CASE("windows of one image share a mask: its batch divides theirs") {
  Reference r = random_reference(6, 2, 2, 4, 4, 8, 8);
  const HostTensor mask = random_tensor({3, 1, 4, 4}, 8, -3, 3);
  r.mask = [&](const Extent* i) {
    const Extent at_mask[] = {i[0] % 3, 0, i[2], i[3]};
    return at(mask, at_mask, 4);
  };
  r.run();
  CHECK(difference(fused("heads", {r.q, r.k, r.v, mask}, 2, r.scale), {r.y, r.map}, kClose) == "");
}

TEST_CASE("two masks hide keys together, where they are false or where they are true") {
  Reference r = random_reference(2, 2, 2, 5, 6, 8, 8);
  // Of pairs, PyTorch's with joined batch and heads, and of keys; nobody is left without a key.
  const HostTensor pairs =
      bools({5, 6}, [](const Extent* i) { return i[1] == 0 || (i[0] + i[1]) % 3; });
  const HostTensor joined =
      bools({4, 5, 6}, [](const Extent* i) { return i[2] == 0 || (i[0] + i[1] + i[2]) % 3; });
  const HostTensor keys = bools({2, 1, 1, 6}, [](const Extent* i) { return i[3] < 4 + i[0]; });
  const HostTensor added = random_tensor({5, 6}, 8, -3, 3);
  const auto check = [&](const HostTensor& first,
                         const std::function<double(const Extent*)>& mask) {
    r.mask = [&](const Extent* i) { return at(keys, i, 4) != 0 ? mask(i) : -HUGE_VAL; };
    r.run();
    OperatorCall call = fused("heads", {r.q, r.k, r.v, first, keys}, 2, r.scale);
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
    call.inputs = {r.q, r.k, r.v, inverted(first), inverted(keys)};
    call.attributes.push_back({"mask_blocks", int64_t{1}});
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
  };
  check(pairs, [&](const Extent* i) { return at(pairs, i, 4) != 0 ? 0 : -HUGE_VAL; });
  check(joined, [&](const Extent* i) {
    const Extent from[] = {i[0] * 2 + i[1], i[2], i[3]};
    return at(joined, from, 3) != 0 ? 0 : -HUGE_VAL;
  });
  check(added, [&](const Extent* i) { return at(added, i, 4); });
}

TEST_CASE("the last keys may be free of masks") {
  Reference r = random_reference(2, 2, 2, 5, 6, 8, 8);
  const HostTensor mask = bools({5, 4}, [](const Extent* i) { return i[0] > i[1]; });
  r.mask = [&](const Extent* i) { return i[3] >= 4 || i[2] > i[3] ? 0 : -HUGE_VAL; };
  r.run();
  OperatorCall call = fused("heads", {r.q, r.k, r.v, mask}, 2, r.scale);
  call.attributes.push_back({"free_keys", int64_t{2}});
  CHECK(difference(call, {r.y, r.map}, kClose) == "");
  call.inputs[3] = random_tensor({5, 6}, 1);
  CHECK(outputs_of(call, false).status().code == Code::kWrongShape);
}

TEST_CASE("a mask may be values of the rows and of the columns of a grid of keys") {
  struct Case {
    Extent queries, rows, columns, width;
  };
  for (const Case& c : {Case{5, 3, 2, 8}, Case{20, 5, 7, 8}, Case{30, 25, 28, 64}}) {
    CAPTURE(c.queries, c.rows, c.columns);
    Reference r = random_reference(2, 2, 2, c.queries, c.rows * c.columns, c.width, c.width);
    HostTensor mask = random_tensor({2, 2, c.queries, c.rows + c.columns}, 8, -3, 3);
    r.mask = [&](const Extent* i) {
      const Extent row[] = {i[0], i[1], i[2], i[3] / c.columns};
      const Extent column[] = {i[0], i[1], i[2], c.rows + i[3] % c.columns};
      return at(mask, row, 4) + at(mask, column, 4);
    };
    r.run();
    OperatorCall call = fused("heads", {r.q, r.k, r.v, mask}, 2, r.scale);
    call.attributes.push_back({"mask_columns", int64_t{c.columns}});
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
    call.outputs = 1;
    CHECK(difference(call, {r.y}, kClose) == "");
    call.inputs[3] = random_tensor({2, 2, c.queries, c.rows * c.columns + 1}, 8);
    CHECK(outputs_of(call, false).status().code == Code::kWrongShape);
  }
}

TEST_CASE("causality may hold at the last key instead of the first") {
  for (const Extent queries : {1, 3, 8, 150}) {
    for (const Extent keys : {2, 8, 200}) {
      CAPTURE(queries, keys);
      Reference r = random_reference(1, 2, 2, queries, keys, 8, 8);
      r.mask = [&](const Extent* i) { return i[3] <= i[2] + keys - queries ? 0 : -HUGE_VAL; };
      r.run();
      OperatorCall call = fused("heads", {r.q, r.k, r.v}, 2, r.scale);
      call.attributes.push_back({"causal", int64_t{2}});
      CHECK(difference(call, {r.y, r.map}, kClose) == "");
    }
  }
}

TEST_CASE("causal attention sees itself and what came before") {
  for (const Extent length : {1, 3, 26, 200}) {
    Reference r = random_reference(1, 2, 2, length, length, 8, 8);
    r.mask = [](const Extent* i) { return i[3] <= i[2] ? 0 : -HUGE_VAL; };
    r.run();
    OperatorCall call = fused("heads", {r.q, r.k, r.v}, 2, r.scale);
    call.attributes.push_back({"causal", int64_t{1}});
    CAPTURE(length);
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
  }
}

TEST_CASE("many keys are taken in blocks, and the result is that of all of them") {
  // Blocks of 240 keys. Scores rise towards the last keys, or fall.
  constexpr Extent kQueries = 30, kKeys = 700;
  for (const int order : {-1, 1}) {
    Reference r = random_reference(1, 2, 2, kQueries, kKeys, 64, 64);
    const HostTensor bias = tensor_of({kQueries, kKeys}, [&](const Extent* i) {
      // Query 3 sees nothing, even ones nothing of the first block, the 5th only the first key.
      const bool hidden = i[0] == 3 || (i[0] % 2 == 0 && i[1] < 400) || (i[0] == 5 && i[1] > 0);
      return hidden ? -HUGE_VAL : order * i[1] * 0.05;
    });
    r.mask = [&](const Extent* i) { return at(bias, i, 4); };
    r.run();
    OperatorCall call = fused("heads", {r.q, r.k, r.v, bias}, 2, r.scale);
    CAPTURE(order);
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
    call.outputs = 1;
    CHECK(difference(call, {r.y}, kClose) == "");

    r.mask = [&](const Extent* i) { return i[3] <= i[2] + kKeys - kQueries ? 0 : -HUGE_VAL; };
    r.run();
    call.inputs.pop_back();
    call.attributes.push_back({"causal", int64_t{2}});
    CHECK(difference(call, {r.y}, kClose) == "");

    // Keys from 500 on are free of the mask, which hides all others of some queries.
    const HostTensor pairs =
        bools({kQueries, 500}, [](const Extent* i) { return i[0] % 3 != 0 && i[1] % 7 != 0; });
    r.mask = [&](const Extent* i) {
      return i[3] >= 500 || at(pairs, i + 2, 2) != 0 ? 0 : -HUGE_VAL;
    };
    r.run();
    call = fused("heads", {r.q, r.k, r.v, pairs}, 2, r.scale);
    call.attributes.push_back({"free_keys", int64_t{200}});
    call.outputs = 1;
    CHECK(difference(call, {r.y}, kClose) == "");
  }
}

TEST_CASE("a query that sees nothing gives NaN, or zeros where that is asked for") {
  Reference r = random_reference(1, 1, 1, 3, 4, 8, 8);
  r.mask = [](const Extent* i) { return i[2] == 1 ? -HUGE_VAL : 0; };
  r.run();
  const HostTensor mask =
      tensor_of({3, 1}, [](const Extent* i) { return i[0] == 1 ? -HUGE_VAL : 0; });
  OperatorCall call = fused("heads", {r.q, r.k, r.v, mask}, 1, r.scale);
  CHECK(difference(call, {r.y, r.map}, kClose) == "");  // the reference divides 0 by 0
  call.attributes.push_back({"empty_rows", std::string("zero")});
  const auto zeroed = [](const HostTensor& x) {
    return tensor_of(x.shape, [&](const Extent* i) { return i[2] == 1 ? 0 : at(x, i, 4); });
  };
  CHECK(difference(call, {zeroed(r.y), zeroed(r.map)}, kClose) == "");
}

TEST_CASE("the map costs nothing to the result: the same bits with and without it") {
  const Reference r = random_reference(1, 2, 2, 30, 30, 15, 15);
  OperatorCall call = fused("heads", {r.q, r.k, r.v}, 2, r.scale);
  const auto with = outputs_of(call, false);
  call.outputs = 1;
  const auto without = outputs_of(call, false);
  REQUIRE(with.ok());
  REQUIRE(without.ok());
  CHECK(difference(without.value()[0], with.value()[0], {}) == "");
}

TEST_CASE("ScaledDotProduct refuses what does not fit") {
  const Reference r = random_reference(1, 2, 2, 5, 5, 8, 8);
  const auto code = [](const OperatorCall& call) { return outputs_of(call, false).status().code; };
  CHECK(code(fused("tokens", {tokens(r.q), tokens(r.k), tokens(r.v)}, 3, 1)) == Code::kWrongShape);
  CHECK(code(fused("tokens", {tokens(r.q), tokens(r.k), tokens(r.v)}, 0, 1)) == Code::kWrongShape);
  CHECK(code(fused("heads", {r.q, r.k}, 2, 1)) == Code::kInvalidGraph);
  CHECK(code(fused("upside down", {r.q, r.k, r.v}, 2, 1)) == Code::kInvalidGraph);
  CHECK(code(fused("heads", {r.q, r.k, r.v, random_tensor({4}, 1)}, 2, 1)) == Code::kWrongShape);
  CHECK(code(fused("heads", {r.q, random_tensor({1, 2, 5, 7}, 1), r.v}, 2, 1)) ==
        Code::kWrongShape);
}

TEST_CASE("attention of a few keys of a larger memory is attention of those keys, bit for bit") {
  constexpr Extent kCapacity = 400, kHeads = 2, kWidth = 12, kValues = 5;
  const auto random = [](int64_t count, uint32_t seed) {
    return random_floats(static_cast<size_t>(count), seed);
  };
  const std::vector<float> k = random(kHeads * kCapacity * kWidth, 2),
                           v = random(kHeads * kCapacity * kValues, 3);
  for (const Extent queries : {1, 3, 150}) {
    const std::vector<float> q = random(kHeads * queries * kWidth, 1);
    // (heads, queries, width), and keys and values with room for kCapacity.
    kernels::Attention full;
    full.batch = 1;
    full.heads = full.kv_heads = kHeads;
    full.queries = queries;
    full.keys = kCapacity;
    full.width = kWidth;
    full.value_width = kValues;
    full.causal = true;
    full.zero_empty_rows = true;
    full.q = {0, queries * kWidth, kWidth, 1};
    full.k = {0, kCapacity * kWidth, kWidth, 1};
    full.v = {0, kCapacity * kValues, kValues, 1};
    full.y = {0, queries * kValues, kValues, 1};
    const auto floats = static_cast<size_t>(kernels::attention_scratch(full));
    for (const Extent keys : {1, 5, 16, 170, 399}) {
      CAPTURE(queries, keys);
      // The same keys without room behind them, in a shape of their own.
      std::vector<float> few_k, few_v;
      for (Extent head = 0; head < kHeads; ++head) {
        const auto from_k = k.begin() + head * full.k.head, from_v = v.begin() + head * full.v.head;
        few_k.insert(few_k.end(), from_k, from_k + keys * kWidth);
        few_v.insert(few_v.end(), from_v, from_v + keys * kValues);
      }
      kernels::Attention part = full;
      part.keys = keys;
      part.causal_offset = keys - queries;
      kernels::Attention plain = part;
      plain.k.head = keys * kWidth;
      plain.v.head = keys * kValues;
      // Exactly as large as it says: the sanitizer sees what goes beyond.
      const auto scratch = std::make_unique<float[]>(floats);
      const auto plain_scratch =
          std::make_unique<float[]>(static_cast<size_t>(kernels::attention_scratch(plain)));
      std::vector<float> y(static_cast<size_t>(kHeads * queries * kValues)), plain_y = y;
      kernels::attention(part, q.data(), k.data(), v.data(), nullptr, y.data(), nullptr,
                         scratch.get());
      kernels::attention(plain, q.data(), few_k.data(), few_v.data(), nullptr, plain_y.data(),
                         nullptr, plain_scratch.get());
      CHECK(std::memcmp(y.data(), plain_y.data(), y.size() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("the scratch of attention grows with the keys, not with keys times queries") {
  kernels::Attention shape;
  shape.batch = shape.heads = shape.kv_heads = 1;
  shape.width = shape.value_width = 64;
  for (const Extent length : {256, 1024, 8192}) {
    shape.queries = shape.keys = length;
    // Panels of keys and values, twelve rows of scores at least, 96 rows of queries and results.
    CHECK(kernels::attention_scratch(shape) <= length * (64 + 64 + 12) + 16384 + 96 * 128);
  }
}

TEST_CASE("Attention appends to the past and keeps the scores it is asked for") {
  Reference r = random_reference(2, 4, 2, 3, 8, 6, 5);
  r.mask = [](const Extent* i) { return i[3] <= i[2] + 5 ? 0 : -HUGE_VAL; };
  r.run();
  const auto part = [](const HostTensor& x, Extent first, Extent count) {
    return tensor_of({x.shape[0], x.shape[1], count, x.shape[3]}, [&](const Extent* i) {
      const Extent from[] = {i[0], i[1], i[2] + first, i[3]};
      return at(x, from, 4);
    });
  };
  OperatorCall call = {
      "Attention",
      {r.q, part(r.k, 5, 3), part(r.v, 5, 3), left_out(), part(r.k, 0, 5), part(r.v, 0, 5)}};
  call.opset = 23;
  call.outputs = 4;
  call.attributes = {{"is_causal", int64_t{1}}, {"qk_matmul_output_mode", int64_t{3}}};
  CHECK(difference(call, {r.y, r.k, r.v, r.map}, kClose) == "");
  call.outputs = 1;
  CHECK(difference(call, {r.y}, kClose) == "");
  call.inputs = {tokens(r.q), tokens(part(r.k, 5, 3)), tokens(part(r.v, 5, 3)),
                 left_out(),  part(r.k, 0, 5),         part(r.v, 0, 5)};
  call.attributes.push_back({"q_num_heads", int64_t{4}});
  call.attributes.push_back({"kv_num_heads", int64_t{2}});
  CHECK(difference(call, {tokens(r.y)}, kClose) == "");
}

TEST_CASE("Attention caps scores softly, before the mask, and gives them at every stage") {
  constexpr double kCap = 0.7;
  Reference r = random_reference(2, 2, 1, 14, 20, 8, 5);
  r.scale = 2;
  const HostTensor mask = random_tensor({2, 1, 14, 20}, 4, -2, 2);
  r.cap = [](double score) { return kCap * std::tanh(score / kCap); };
  r.mask = [&](const Extent* i) { return i[3] <= i[2] ? at(mask, i, 4) : -HUGE_VAL; };
  r.run();
  const auto scores = [&](bool capped, bool masked) {
    return tensor_of({2, 2, 14, 20}, [&](const Extent* i) {
      double score = 0;
      for (Extent e = 0; e < 8; ++e) {
        const Extent at_q[] = {i[0], i[1], i[2], e}, at_k[] = {i[0], 0, i[3], e};
        score += 2 * at(r.q, at_q, 4) * at(r.k, at_k, 4);
      }
      return (capped ? r.cap(score) : score) + (masked ? r.mask(i) : 0);
    });
  };
  OperatorCall call = {"Attention", {r.q, r.k, r.v, mask}};
  call.opset = 23;
  call.outputs = 4;
  // In ONNX's numbers, since its correction of the order (onnx/onnx#7867).
  const HostTensor stages[] = {scores(false, false), scores(true, false), scores(true, true),
                               r.map};
  for (int64_t mode = 0; mode < 4; ++mode) {
    CAPTURE(mode);
    call.attributes = {{"is_causal", int64_t{1}},
                       {"scale", 2.0f},
                       {"softcap", static_cast<float>(kCap)},
                       {"qk_matmul_output_mode", mode}};
    CHECK(difference(call, {r.y, r.k, r.v, stages[mode]}, kClose) == "");
  }
}

TEST_CASE("Attention does not see keys beyond a mask that is shorter") {
  Reference r = random_reference(1, 2, 2, 5, 9, 8, 8);
  const HostTensor mask = random_tensor({5, 6}, 4, -2, 2);
  r.mask = [&](const Extent* i) { return i[3] < 6 ? at(mask, i, 4) : -HUGE_VAL; };
  r.run();
  OperatorCall call = {"Attention", {r.q, r.k, r.v, mask}};
  call.opset = 23;
  CHECK(difference(call, {r.y}, kClose) == "");
}

TEST_CASE("attention subtracts the greatest score of a query that sees many keys, or few") {
  for (const Extent queries : {1, 20}) {
    const Extent keys = 300;
    const HostTensor one = tensor_of({1, 1, queries, 4}, [](const Extent*) { return 1; });
    for (const Extent peak : {0, 299}) {
      // Scores of 0, one of 100, whose exp is beyond float32, and one that is less by 1.
      const Extent second = 150;
      const HostTensor k = tensor_of({1, 1, keys, 4}, [&](const Extent* i) {
        return i[2] == peak ? 25 : i[2] == second ? 24.75 : 0;
      });
      const HostTensor v = random_tensor({1, 1, keys, 4}, 1);
      const HostTensor y = tensor_of({1, 1, queries, 4}, [&](const Extent* i) {
        const Extent first[] = {0, 0, peak, i[3]}, next[] = {0, 0, second, i[3]};
        return (std::exp(1.0) * at(v, first, 4) + at(v, next, 4)) / (std::exp(1.0) + 1);
      });
      CAPTURE(queries, peak);
      OperatorCall call = fused("heads", {one, k, v}, 1, 1);
      call.outputs = 1;
      CHECK(difference(call, {y}, kClose) == "");
    }
  }
}

TEST_CASE("RotaryEmbedding turns pairs, by position or by row") {
  const Shape shape = {2, 3, 5, 12};
  const HostTensor x = random_tensor(shape, 1), cosines = random_tensor({7, 4}, 2),
                   sines = random_tensor({7, 4}, 3);
  const HostTensor ids = host_tensor<int64_t>({0, 3, 6, 1, 2, 2, 4, 5, 0, 6}, {2, 5});
  for (const bool interleaved : {false, true}) {
    const HostTensor y = tensor_of(shape, [&](const Extent* i) {
      if (i[3] >= 8) return at(x, i, 4);
      const Extent pair = interleaved ? i[3] / 2 : i[3] % 4;
      const bool second = interleaved ? i[3] % 2 == 1 : i[3] >= 4;
      Extent u[] = {i[0], i[1], i[2], interleaved ? 2 * pair : pair};
      Extent v[] = {i[0], i[1], i[2], interleaved ? 2 * pair + 1 : pair + 4};
      const Extent angle[] = {Extent(element(ids, static_cast<size_t>(i[0] * 5 + i[2]))), pair};
      const double c = at(cosines, angle, 2), s = at(sines, angle, 2);
      return second ? at(x, u, 4) * s + at(x, v, 4) * c : at(x, u, 4) * c - at(x, v, 4) * s;
    });
    OperatorCall call = {"RotaryEmbedding", {x, cosines, sines, ids}};
    call.opset = 23;
    call.attributes = {{"rotary_embedding_dim", int64_t{8}}, {"interleaved", int64_t{interleaved}}};
    CAPTURE(interleaved);
    CHECK(difference(call, {y}, kClose) == "");
    call.inputs[0] = tokens(x);
    call.attributes.push_back({"num_heads", int64_t{3}});
    CHECK(difference(call, {tokens(y)}, kClose) == "");
  }
}

TEST_CASE("RotaryEmbedding takes one cache for every batch") {
  const Shape shape = {3, 2, 5, 8};
  const HostTensor x = random_tensor(shape, 1), cosines = random_tensor({5, 4}, 2),
                   sines = random_tensor({5, 4}, 3);
  const HostTensor y = tensor_of(shape, [&](const Extent* i) {
    const Extent pair = i[3] % 4, angle[] = {i[2], pair};
    const Extent u[] = {i[0], i[1], i[2], pair}, v[] = {i[0], i[1], i[2], pair + 4};
    const double c = at(cosines, angle, 2), s = at(sines, angle, 2);
    return i[3] < 4 ? at(x, u, 4) * c - at(x, v, 4) * s : at(x, u, 4) * s + at(x, v, 4) * c;
  });
  OperatorCall call = {"RotaryEmbedding", {x, cosines, sines}};
  call.opset = 23;
  CHECK(difference(call, {y}, kClose) == "");
  call.inputs[1] = call.inputs[2] = random_tensor({4, 4}, 2);
  CHECK(outputs_of(call, false).status().code == Code::kWrongShape);
}

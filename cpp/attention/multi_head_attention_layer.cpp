// The layer; multi_head_attention.cpp finds the mechanism in graphs from files.
#include "attention/multi_head_attention.h"
#include "attention/rotary_embedding.h"
#include "attention/scaled_dot_product_attention.h"

namespace heed::attention {

namespace {

constexpr const char* kParts[] = {"q", "k", "v"};

// How many heads, and how wide: of queries and keys, and of values.
struct Sizes {
  Extent heads = 1, kv_heads = 1, width = 1, value_width = 1;
  Extent rows(int part) const {
    return part == 0 ? heads * width : kv_heads * (part == 1 ? width : value_width);
  }
};

// The projections of queries, keys and values: one weight for all, or one for each.
class Projections {
 public:
  explicit Projections(Builder& b) : b_(b) {
    const bool in_proj = b.has("in_proj_weight");
    const std::string place(b.find("qkv|c_attn|query_key_value"));
    transposed_ = place == "c_attn";
    // GPT-NeoX and BLOOM have all of a head side by side.
    by_heads_ = b.has_option("fusedOrder") ? b.choice("fusedOrder", "parts|heads") == 1
                                           : place == "query_key_value";
    fused_name_ = in_proj ? "in_proj_weight" : join(place, ".weight");
    fused_bias_ = in_proj || b.has("q_proj_weight") ? "in_proj_bias" : join(place, ".bias");
    fused_ = b.fresh() ? !b.has_option("kvHeads") : b.has(fused_name_);
    for (int part = 0; part < 3; ++part) {
      names_[part] = join(kParts[part], b.has("q_proj_weight") ? "_proj_weight" : "_proj.weight");
    }
    channels_ = b.channels(fused_ ? fused_name_ : names_[0], transposed_ ? 0 : 1);
    read_sizes();
    if (fused_) weight_ = fused_weight();
    if (fused_ || b.has(fused_bias_)) bias_ = fused_bias();
  }

  bool fused() const { return fused_; }
  // Of what is projected to that part.
  Extent channels(int part = 0) const {
    return part == 0 || fused_ ? channels_ : b_.extent(names_[part], 1, channels_);
  }
  const Sizes& sizes() const { return sizes_; }

  // Part 0..2 of the projection of x, or all of them side by side (kAll).
  static constexpr int kAll = 3;
  Value project(Value x, int part) {
    const Value weight = fused_ ? part_of(weight_, part)
                                : b_.weight(names_[part], {sizes_.rows(part), channels(part)});
    const Value bias =
        bias_ != kNoTensor || fused_
            ? part_of(bias_, part)
            : b_.optional_weight(join(kParts[part], "_proj.bias"), {sizes_.rows(part)},
                                 b_.flag("bias", true), Fill::kUniform);
    return b_.set("transB", 1).node("MatMul", {x, weight, bias});
  }

 private:
  void read_sizes() {
    const Extent heads = b_.integer("heads", 0, 1);
    if (heads == 0) b_.fail(Code::kInvalidArgument, "the option 'heads' is missing");
    sizes_.heads = std::max<Extent>(1, heads);
    const Extent given = b_.integer("kvHeads", 0, 1);
    sizes_.kv_heads = given > 0 ? given : sizes_.heads;
    const Extent parts = fused_ ? sizes_.heads + 2 * sizes_.kv_heads : sizes_.heads;
    const Extent rows = fused_ ? b_.extent(fused_name_, transposed_ ? 1 : 0, 3 * channels_)
                               : b_.extent(names_[0], 0, channels_);
    if (rows % parts != 0) {
      b_.fail(Code::kWrongValue, "a projection of ", rows, " rows does not divide into ",
              sizes_.heads, " heads");
    }
    sizes_.width = sizes_.value_width = std::max<Extent>(1, rows / parts);
    if (!fused_ && !b_.fresh()) {
      if (given == 0) sizes_.kv_heads = std::max<Extent>(1, b_.extent(names_[1], 0) / sizes_.width);
      sizes_.value_width = std::max<Extent>(1, b_.extent(names_[2], 0) / sizes_.kv_heads);
    }
    if (sizes_.heads % sizes_.kv_heads != 0) {
      b_.fail(Code::kWrongValue, sizes_.heads, " heads of queries do not share ", sizes_.kv_heads,
              " heads of keys");
    }
  }

  Extent all_rows() const { return sizes_.rows(0) + sizes_.rows(1) + sizes_.rows(2); }

  Value part_of(Value all, int part) {
    if (part == kAll || all == kNoTensor) return all;
    Extent begin = 0;
    for (int before = 0; before < part; ++before) begin += sizes_.rows(before);
    return b_.slice(all, 0, begin, begin + sizes_.rows(part));
  }

  // In PyTorch's order: rows are queries, keys, values.
  Value fused_weight() {
    const Value given = transposed_ ? b_.weight(fused_name_, {channels_, all_rows()})
                                    : b_.weight(fused_name_, {all_rows(), channels_});
    return in_parts(transposed_ ? b_.transpose(given, "10") : given, channels_);
  }
  Value fused_bias() {
    const Value given =
        b_.optional_weight(fused_bias_, {all_rows()}, b_.flag("bias", true), Fill::kUniform);
    return given == kNoTensor ? given : in_parts(given, 1);
  }
  Value in_parts(Value rows, Extent columns) {
    if (!by_heads_) return rows;
    const Value apart = b_.reshape(rows, {sizes_.heads, 3, sizes_.width, columns});
    const Value parts = b_.transpose(apart, "1023");
    return columns == 1 ? b_.reshape(parts, {-1}) : b_.reshape(parts, {-1, columns});
  }

  Builder& b_;
  bool fused_ = false, transposed_ = false, by_heads_ = false;
  Value weight_ = kNoTensor, bias_ = kNoTensor;  // of all parts
  std::string fused_name_, fused_bias_, names_[3];
  Extent channels_ = 1;
  Sizes sizes_;
};

// `row` (1, 1, channels), or a number, behind the tokens of every batch.
Value with_row(Builder& b, Value tokens, Value row, Extent channels) {
  const Value batch = b.set("end", 1).node("Shape", {tokens});
  const Value shape = b.concat({batch, b.integers({1, channels})}, 0);
  return b.concat({tokens, b.node("Expand", {row, shape})}, 1);
}

// Causal attention whose keys, turned, and values stay with the session.
Value attend_with_cache(Builder& b, Value q, Value k, Value v, const Heads& heads, Extent capacity,
                        const char* name) {
  const bool rotary = b.has_option("rotary");
  const bool interleaved = rotary && b.choice("rotary", "half|interleaved") == 1;
  b.set("heads", heads.heads).set("kv_heads", heads.kv_heads).set("capacity", capacity);
  if (heads.scale != 0) b.set_real("scale", heads.scale);
  const Value y = b.set_text("rotary", !rotary       ? "none"
                                       : interleaved ? "interleaved"
                                                     : "half")
                      .set_real("base", static_cast<float>(b.number("base", 10000)))
                      .node("CachedAttention", {q, k, v});
  if (name) b.map("self", b.next_output(), "batch heads queries keys", name);
  return y;
}

}  // namespace

Value norm_of(Builder& b, Value x, std::string_view place, Extent width) {
  const auto epsilon = static_cast<float>(b.number("epsilon", 1e-5));
  if (b.choice("norm", "layer|rms") == 0) return b.layer_norm(x, place, width, epsilon);
  const Value gain = b.weight(join(place, ".weight"), {width}, Fill::kOnes);
  return b.set_real("epsilon", epsilon).set("axis", -1).node("RMSNormalization", {x, gain});
}

Value norm_heads(Builder& b, Value x, std::string_view place, Extent width) {
  const Value apart = norm_of(b, b.reshape(x, {0, 0, -1, width}), place, width);
  return b.node("Reshape", {apart, b.integers({0, 0, -1})});
}

void build_multi_head_attention(Builder& b) {
  Projections projections(b);
  const Sizes& sizes = projections.sizes();
  const Extent inner = sizes.heads * sizes.value_width;
  Heads heads = heads_of_options(b);
  heads.heads = sizes.heads;
  heads.kv_heads = sizes.kv_heads;

  // Who attends to whom.
  const bool batch_first = b.flag("batchFirst", true);
  const Value query =
      b.argument(b.given("query") ? "query" : "x",
                 batch_first ? "batch length #" : "length batch #", {projections.channels()});
  const auto other = [&](const char* input, int part, Value fallback) {
    if (!b.given(input) && !b.has_more_arguments()) return fallback;
    return b.argument(input, batch_first ? "batch keys #" : "keys batch #",
                      {projections.channels(part)});
  };
  const Value key = other("key", 1, query), value = other("value", 2, key);
  const bool cross = key != query;
  const auto tokens = [&](Value x) { return batch_first ? x : b.transpose(x, "102"); };
  const Value x = tokens(query);
  const Value from = key == query ? x : tokens(key);
  const Value of = value == key ? from : tokens(value);

  // What is added to the keys.
  const bool norms = b.has_or_option("q_norm.weight", "qkNorm");
  const bool rotary = b.has_option("rotary");
  const bool bias_kv = b.has_or_option("bias_k", "addBiasKv");
  const bool zero = b.flag("addZeroAttention");
  heads.free_keys = static_cast<Extent>(bias_kv) + static_cast<Extent>(zero);

  // Masks. PyTorch's say what is blocked, all others what is seen.
  const Value mask = b.optional_argument("attn_mask", "*");
  const Value padding = b.optional_argument("key_padding_mask", "batch keys");
  if (padding != kNoTensor) heads.key_mask = b.reshape(padding, {0, 1, 1, -1});
  heads.mask_blocks = b.has_option("trueMeans")
                          ? b.choice("trueMeans", "attend|blocked") == 1
                          : b.fresh() || b.has("in_proj_weight") || b.has("q_proj_weight");
  if (heads.causal != 0 && heads.free_keys > 0) {
    if (mask == kNoTensor) {
      b.fail(Code::kInvalidArgument,
             "with added keys the option 'causal' needs the mask too, as PyTorch's is_causal does");
    }
    heads.causal = 0;
  }

  const Extent capacity = b.integer("cache", 0, 1);
  if (capacity > 0 && (cross || mask != kNoTensor || padding != kNoTensor || heads.free_keys > 0)) {
    b.fail(Code::kInvalidArgument,
           "a cache goes with causal self-attention, without masks and added keys");
  }
  const bool average = b.flag("averageHeads");
  const char* const kind = cross ? "cross" : "self";
  const char* const name = average ? nullptr : "attention";
  Value y;
  if (projections.fused() && value == query && !norms && !rotary && heads.free_keys == 0 &&
      sizes.heads == sizes.kv_heads && capacity == 0) {
    heads.form = "packed";
    const Value all = projections.project(x, Projections::kAll);
    y = b.attend(all, kNoTensor, kNoTensor, mask, heads, name, kind);
  } else {
    Value q = projections.project(x, 0);
    Value k = projections.project(from, 1);
    Value v = projections.project(of, 2);
    if (norms) {
      q = norm_heads(b, q, "q_norm", sizes.width);
      k = norm_heads(b, k, "k_norm", sizes.width);
    }
    if (rotary && capacity == 0) {
      const bool interleaved = b.choice("rotary", "half|interleaved") == 1;
      const Value width = b.scalar(static_cast<float>(sizes.width));
      const Rotary positions = rotary_positions(b, x, 1, width, interleaved);
      q = rotate(b, q, positions, sizes.heads);
      k = rotate(b, k, from == x ? positions : rotary_positions(b, from, 1, width, interleaved),
                 sizes.kv_heads);
    }
    if (bias_kv) {
      k = with_row(b, k, b.weight("bias_k", {1, 1, sizes.rows(1)}), sizes.rows(1));
      v = with_row(b, v, b.weight("bias_v", {1, 1, sizes.rows(2)}), sizes.rows(2));
    }
    if (zero) {
      k = with_row(b, k, b.scalar(0), sizes.rows(1));
      v = with_row(b, v, b.scalar(0), sizes.rows(2));
    }
    y = capacity > 0 ? attend_with_cache(b, q, k, v, heads, capacity, name)
                     : b.attend(q, k, v, mask, heads, name, kind);
  }
  if (average) {
    b.map(kind, b.reduce("ReduceMean", b.next_output(), {1}, false), "batch queries keys");
  }

  if (b.has_or_option("norm.weight", "scaleNorm")) y = norm_of(b, y, "norm", inner);
  if (b.has_or_option("gate.weight", "gated")) {
    y = b.mul(y, b.sigmoid(b.linear(x, "gate", inner, projections.channels())));
  }
  const std::string_view out = b.find("out_proj|proj|o_proj|c_proj|dense");
  const bool transposed = out == "c_proj";
  const Extent width = b.extent(join(out, ".weight"), transposed ? 1 : 0, projections.channels());
  if (transposed) {
    y = b.node("MatMul", {y, b.weight("c_proj.weight", {inner, width}),
                          b.optional_weight("c_proj.bias", {width})});
  } else {
    y = b.linear(y, out, width, inner);
  }
  b.result(tokens(y));
}

}  // namespace heed::attention

#include "attention/axial_attention.h"

#include "attention/positions.h"
#include "attention/windows.h"

namespace heed::attention {

namespace {

// A batch norm's factor of each channel; `shift` is what it adds.
Value norm_factor(Builder& b, const char* name, Extent channels, Value& shift) {
  b.ignore(join(name, ".num_batches_tracked"));
  const Value variance = b.weight(join(name, ".running_var"), {channels}, Fill::kOnes);
  const Value deviation = b.node("Sqrt", {b.add(variance, b.scalar(1e-5f))});
  const Value factor = b.div(b.weight(join(name, ".weight"), {channels}, Fill::kOnes), deviation);
  const Value mean = b.weight(join(name, ".running_mean"), {channels}, Fill::kZeros);
  shift = b.sub(b.weight(join(name, ".bias"), {channels}, Fill::kZeros), b.mul(mean, factor));
  return factor;
}

void build_deeplab(Builder& b) {
  const Extent channels = b.channels("qkv_transform.weight", 1);
  const Extent groups = b.told(
      "groups", 8, b.has("bn_similarity.weight") ? b.extent("bn_similarity.weight", 0) / 3 : 0);
  const Extent size = b.told("size", 0, b.has("relative") ? (b.extent("relative", 1) + 1) / 2 : 0);
  const Extent twice = b.extent("qkv_transform.weight", 0, 2 * b.integer("out", channels, 1));
  const bool along_width = b.choice("axis", "height|width") == 1;
  if (twice % (4 * groups) != 0) {
    b.raw_weight("bn_similarity.weight");  // which may be why
    b.fail(Code::kWrongValue, twice / 2, " output channels do not divide into ", groups,
           " groups of queries and keys of the same width");
    return;
  }
  const Extent out = twice / 2, width = out / groups, half = width / 2;
  const Value x = along_width ? b.argument("x", "batch # height #", {channels, size})
                              : b.argument("x", "batch # # width", {channels, size});
  b.ignore("flatten_index");
  const Value weight = b.weight("qkv_transform.weight", {twice, channels, 1, 1});
  Value qkv = b.batch_norm(b.node("Conv", {x, weight}), "bn_qkv", twice);
  // Lines and groups in front: (batch * lines, groups, size, channels of q, k, v).
  qkv = b.reshape(b.transpose(qkv, "0231"), {0, 0, 0, groups, 2 * width});
  qkv = b.reshape(b.transpose(qkv, along_width ? "01324" : "02314"), {-1, groups, size, 2 * width});
  const Value q = b.slice(qkv, 3, 0, half), k = b.slice(qkv, 3, half, width);
  const Value v = b.slice(qkv, 3, width, 2 * width);

  const Value table = b.weight("relative", {2 * width, 2 * size - 1});
  // (channels of q, k, v, query, key), by query - key
  const Value embedding = gather_positions(b, table, lattice(b, size, size, size - 1, 1, -1));
  const auto of = [&](Extent begin, Extent end) { return b.slice(embedding, 0, begin, end); };
  // What the norm adds to similarities is the same for all keys: the softmax does not see it.
  Value unseen, shift;
  const Value factor = norm_factor(b, "bn_similarity", 3 * groups, unseen);
  const auto scaled = [&](Value values, Extent part) {
    const Value each = b.slice(factor, 0, part * groups, (part + 1) * groups);
    return b.mul(values, b.reshape(each, {-1, 1, 1}));
  };
  const Value of_query = b.einsum("bgic,cij->bgij", scaled(q, 1), of(0, half));
  const Value of_key = b.einsum("bgjc,cji->bgij", scaled(k, 2), of(half, width));
  Value y = b.attend(scaled(q, 0), k, v, b.add(of_query, of_key),
                     {.form = "heads", .heads = groups, .scale = 1}, nullptr);
  const Value map = b.next_output();
  b.map("self", map, "batch*lines groups queries keys");
  const Value embedded = b.einsum("bgij,cij->bgic", map, of(width, 2 * width));

  // Channel 2 c is of values, channel 2 c + 1 of embeddings.
  const Value both = b.reshape(norm_factor(b, "bn_output", twice, shift), {groups, 1, width, 2});
  const auto side = [&](Value values, Extent i) {
    return b.mul(values, b.reshape(b.slice(both, 3, i, i + 1), {groups, 1, width}));
  };
  shift = b.reduce("ReduceSum", b.reshape(shift, {groups, 1, width, 2}), {3}, false);
  y = b.add(b.add(side(y, 0), side(embedded, 1)), shift);
  y = reshape_behind(b, y, extent_of(b, x, 0), {-1, groups, size, width});
  y = along_width ? b.reshape(b.transpose(y, "02413"), {0, out, -1, size})
                  : b.reshape(b.transpose(y, "02431"), {0, out, size, -1});
  b.result(pooled_by_stride(b, y, b.integer("stride", 1, 1)));
}

void build_lucidrains(Builder& b) {
  constexpr char kQuery[] = "axial_attentions.0.fn.to_q.weight";
  const Extent channels = b.channels(kQuery, 1);
  const Extent heads = b.integer("groups", 8, 1);
  const Extent hidden = b.extent(kQuery, 0, channels);
  if (hidden % heads != 0) {
    b.raw_weight(kQuery);  // which may be why
    b.fail(Code::kWrongValue, hidden, " channels do not divide into ", heads, " heads");
    return;
  }
  const Value x = b.argument("x", "batch # height width", {channels});
  Value sum = kNoTensor;
  for (int axis = 0; axis < 2; ++axis) {
    const std::string place = join("axial_attentions.", axis, ".fn.");
    // (batch, lines, length, channels)
    const Value lines = b.transpose(x, axis == 0 ? "0321" : "0231");
    const Value front = b.concat({b.integers({-1}), extent_of(b, lines, 2)}, 0);
    const Value tokens = reshape_behind(b, lines, front, {channels});
    const Value both = b.weight(join(place, "to_kv.weight"), {2 * hidden, channels});
    const auto part = [&](Extent i) {
      return b.matmul_rows(tokens, b.slice(both, 0, i * hidden, (i + 1) * hidden));
    };
    const Value q = b.linear(tokens, join(place, "to_q"), hidden, channels, Bias::kNone);
    Value y =
        b.attend(q, part(0), part(1), kNoTensor, {.heads = heads}, axis == 0 ? "height" : "width");
    y = b.linear(y, join(place, "to_out"), channels, hidden);
    y = b.node("Reshape", {y, b.node("Shape", {lines})});
    y = b.transpose(y, axis == 0 ? "0321" : "0312");
    sum = axis == 0 ? y : b.add(sum, y);
  }
  b.result(sum);
}

}  // namespace

void build_axial_attention(Builder& b) {
  const int form = b.choice("form", "deeplab|lucidrains");
  const bool lucidrains = form == 1 || b.has_below("axial_attentions.");
  (lucidrains ? build_lucidrains : build_deeplab)(b);
}

}  // namespace heed::attention

#include "attention/recipes.h"

const char heed::attention::recipes::axial_attention[] = R"(
# A batch norm's factor of each channel, and what it adds.
fn norm_factor(place, channels) {
  ignore("{place}num_batches_tracked")
  factor = weight("{place}weight", [channels], 2)
         / Sqrt(weight("{place}running_var", [channels], 2) + 1e-5)
  mean = weight("{place}running_mean", [channels], 1)
  [factor, weight("{place}bias", [channels], 1) - mean * factor]
}

fn axial_deeplab() {
  name = "qkv_transform.weight"
  similarity = "bn_similarity.weight"
  channels = channels_of(name, 1)
  groups = told("groups", 8, has(similarity) ? extent(similarity, 0) // 3 : 0)
  size = told("size", 0, has("relative") ? (extent("relative", 1) + 1) // 2 : 0)
  twice = extent(name, 0, 2 * $out(channels))
  along_width = $axis("height|width")
  out = twice // 2
  width = out // groups
  half = width // 2
  if twice % (4 * groups) {
    raw(similarity)  # which may be why
    into = "{groups} groups of queries and keys of the same width"
    return wrong("{out} output channels do not divide into {into}")
  }
  x = arg("x", along_width ? "batch {channels} height {size}" : "batch {channels} {size} width")
  ignore("flatten_index")
  qkv = norm(Conv(x, weight(name, [twice, channels, 1, 1])), "bn_qkv.", twice)
  # Lines and groups in front: (batch * lines, groups, size, channels of q, k, v).
  qkv = Reshape(Transpose(qkv, perm=[0, 2, 3, 1]), [0, 0, 0, groups, 2 * width])
  qkv = Reshape(Transpose(qkv, perm=along_width ? [0, 1, 3, 2, 4] : [0, 2, 3, 1, 4]),
                [-1, groups, size, 2 * width])
  fn part(all, axis, begin, end) Slice(all, [begin], [end], [axis])
  q = part(qkv, 3, 0, half)
  k = part(qkv, 3, half, width)
  v = part(qkv, 3, width, 2 * width)

  # (channels of q, k, v, query, key), by query - key
  embedding = gather_positions(weight("relative", [2 * width, 2 * size - 1]),
                               lattice(size, size, size - 1, 1, -1))
  # What the norm adds to similarities is the same for all keys: the softmax does not see it.
  factors = norm_factor("bn_similarity.", 3 * groups)
  fn scaled(values, i)
    values * Reshape(part(factors[0], 0, i * groups, (i + 1) * groups), [-1, 1, 1])
  of_query = Einsum(scaled(q, 1), part(embedding, 0, 0, half), equation="bgic,cij->bgij")
  of_key = Einsum(scaled(k, 2), part(embedding, 0, half, width), equation="bgjc,cji->bgij")
  y = attend(scaled(q, 0), k, v, of_query + of_key, form="heads", heads=groups, scale=1)
  a = map("self", next(), "batch*lines groups queries keys")
  embedded = Einsum(a, part(embedding, 0, width, 2 * width), equation="bgij,cij->bgic")

  # Channel 2 c is of values, channel 2 c + 1 of embeddings.
  last = norm_factor("bn_output.", twice)
  both = Reshape(last[0], [groups, 1, width, 2])
  fn side(values, i) values * Reshape(part(both, 3, i, i + 1), [groups, 1, width])
  shift = ReduceSum(Reshape(last[1], [groups, 1, width, 2]), [3], keepdims=0)
  y = side(y, 0) + side(embedded, 1) + shift
  y = reshape_behind(y, extent_of(x, 0), [-1, groups, size, width])
  y = along_width ? Reshape(Transpose(y, perm=[0, 2, 4, 1, 3]), [0, out, -1, size])
                  : Reshape(Transpose(y, perm=[0, 2, 4, 3, 1]), [0, out, size, -1])
  result(pooled_by_stride(y, $stride(1)))
}

fn axial_lucidrains() {
  name = "axial_attentions.0.fn.to_q.weight"
  channels = channels_of(name, 1)
  heads = $groups(8)
  hidden = extent(name, 0, channels)
  if hidden % heads {
    raw(name)  # which may be why
    return wrong("{hidden} channels do not divide into {heads} heads")
  }
  x = arg("x", "batch {channels} height width")
  for axis 2 {
    place = "axial_attentions.{axis}.fn."
    # (batch, lines, length, channels)
    lines = Transpose(x, perm=axis ? [0, 2, 3, 1] : [0, 3, 2, 1])
    t = reshape_behind(lines, Concat([-1], extent_of(lines, 2), axis=0), [channels])
    both = weight("{place}to_kv.weight", [2 * hidden, channels])
    fn part(i) MatMul(t, Slice(both, [i * hidden], [(i + 1) * hidden], [0]), transB=1)
    q = linear(t, "{place}to_q.", hidden, channels, 0)
    y = attend(q, part(0), part(1), heads=heads)
    map("self", next(), "batch heads queries keys", axis ? "width" : "height")
    y = Reshape(linear(y, "{place}to_out.", channels, hidden), Shape(lines))
    y = Transpose(y, perm=axis ? [0, 3, 1, 2] : [0, 3, 2, 1])
    sum = axis ? sum + y : y
  }
  result(sum)
}

layer AxialAttention
  if $form("deeplab|lucidrains") or below("axial_attentions.") axial_lucidrains()
  else axial_deeplab()
)";

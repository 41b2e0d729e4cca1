#include "attention/recipes.h"

const char heed::attention::recipes::non_local[] = R"(
layer NonLocal {
  theta = find("theta|_theta|theta.conv|t")
  phi = find("phi|phi.0|_phi|phi.conv|phi.0.conv|p")
  g = find("g|g.0|_g|g.conv|g.0.conv")
  w = find("W.0|W|_out|conv_out.conv|z")
  both = find("concat_project.0|concat_project.conv")
  facebook = g == "_g."
  mode = $mode("embedded_gaussian|gaussian|dot_product|concatenation")
  if !$mode and !fresh()
    mode = has("{both}weight") ? 3 : has("{theta}weight") or has("{phi}weight") ? 0 : 1
  name = "{g}weight"
  channels = channels_of(name, 1)
  hidden = extent(name, 0, $hidden(max(1, channels // 2)))
  axes = $axes(2)
  if rank(name) > 2 axes = rank(name) - 2
  axes = min(3, axes)
  spatial = ["length", "height width", "time height width"][axes - 1]
  x = arg("x", "batch {channels} {spatial}")

  pool = $pool(facebook or g == "g.0." or g == "g.0.conv.", 0)
  window = [[2], [2, 2], [1, 2, 2]][axes - 1]
  fn pooled(z) pool ? MaxPool(z, kernel_shape=window, strides=window) : z
  fn project(z, place) conv(z, place, hidden, channels, axes=axes)
  small = facebook ? pooled(x) : x
  q = mode == 1 ? x : project(x, theta)
  k = mode == 1 ? small : project(small, phi)
  v = project(small, g)
  if !facebook { k = pooled(k)  v = pooled(v) }
  root = sqrt(mode == 1 ? channels : hidden)
  scale = facebook       ? 1 / root
        : w == "conv_out.conv." ? root
        : w == "z."      ? 1 / sqrt(channels)
                         : 1
  scale = num("scale", scale)
  if mode < 2 {
    y = attend(q, k, v, form="channels", scale=scale)
    record_single_head()
  } else {
    # The dot product needs no map: q (k^T v) is (q k^T) v.
    last = [[0, 2, 1], [0, 2, 3, 1], [0, 2, 3, 4, 1]][axes - 1]
    fn flat(z) Reshape(Transpose(z, perm=last), [0, -1, hidden])
    q = flat(q) k = flat(k) v = flat(v)
    count = real(extent_of(k, 1))
    if mode == 2 {
      y = MatMul(q, Einsum(k, v, equation="bkd,bke->bde") / count)
      a = MatMul(q, k, transB=1) / count
    } else {
      rows = weight("{both}weight", [1, 2 * hidden])
      fn score(z, first) MatMul(z, Slice(rows, [first], [first + hidden], [1]), transB=1)
      a = Relu(score(q, 0) + Reshape(score(k, hidden), [0, 1, -1])) / count
      y = MatMul(a, v)
    }
    map("self", a, "batch queries keys")
    y = from_tokens(y, x, axes)
  }
  y = conv(y, w, channels, hidden, axes=axes)
  result(maybe_norm(y, find("W.1|_bn|conv_out.bn|norm"), channels) + x)
}
)";

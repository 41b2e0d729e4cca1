#include "attention/recipes.h"

const char heed::attention::recipes::external_attention[] = R"(
# a = softmax over positions (axis 1), divided by its sum over the memory.
fn over_memory(scores, axis, epsilon) {
  a = Softmax(scores, axis=1)
  sum = ReduceSum(a, [axis])
  a / (epsilon ? sum + epsilon : sum)
}

layer ExternalAttention {
  form = $form("image|heads|tokens")
  if !fresh() and !$form form = has("mk.weight") ? 2 : has("trans_dims.weight")
  name = ["conv1.weight", "trans_dims.weight", "mk.weight"][form]
  channels = channels_of(name, 1)
  memory = extent(form == 2 ? name : "linear_0.weight", 0, $memory(64))
  if form == 0 {
    # Nothing stands between conv1 and linear_0, nor between linear_1 and conv2.0: each pair is one
    # product of few columns. (conv1's bias adds the same to all positions; it leaves the softmax as
    # it is.)
    x = arg("x", "batch {channels} height width")
    fn product(a, rows, c, between, in)
      Reshape(MatMul(weight(a, [rows, between]), weight(c, [between, in])), [0, 0, 1, 1])
    optional("conv1.bias", [channels], 1, 1)
    y = Conv(x, product("linear_0.weight", memory, name, channels, channels))
    a = over_memory(tokens(y), 2, 1e-9)
    map("self", Transpose(a, perm=[0, 2, 1]), "batch memory positions")
    y = Conv(from_tokens(a, x),
             product("conv2.0.weight", channels, "linear_1.weight", channels, memory),
             optional("conv2.0.bias", [channels], 0))
    return result(Relu(norm(y, "conv2.1.", channels) + x))
  }
  if form == 2 {
    x = arg("x", "batch length {channels}")
    a = over_memory(linear(x, "mk.", memory, channels, 0), 2)
    map("self", a, "batch length memory")
    return result(linear(a, "mv.", channels, memory, 0))
  }
  width = extent(name, 0, 4 * channels)
  heads = 4 * $heads(8)
  if width % heads {
    raw(name)  # which may be why
    return wrong("{width} channels do not divide into {heads} heads")
  }
  x = arg("x", "batch length {channels}")
  each = width // heads
  q = Reshape(linear(x, "trans_dims.", width, channels), [0, 0, heads, each])
  a = over_memory(linear(q, "linear_0.", memory, each), 3, 1e-9)
  map("self", Transpose(a, perm=[0, 2, 1, 3]), "batch heads length memory")
  y = Reshape(linear(a, "linear_1.", each, memory), [0, 0, width])
  result(linear(y, "proj.", channels, width))
}
)";

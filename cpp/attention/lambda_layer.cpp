#include "attention/recipes.h"

const char heed::attention::recipes::lambda_layer[] = R"(
layer LambdaLayer {
  known = !fresh()
  local = known ? !has("pos_emb") : !$size
  channels = channels_of("qkv.weight", 1)
  width = local ? extent("conv_lambda.weight", 0) : extent("pos_emb", 2)
  width = told("width", 16, known and width)
  heads = told("heads", 4, known and extent("norm_q.weight", 0, width) // width)
  if !known and channels % heads wrong("{channels} channels do not divide into {heads} heads")
  values = extent("norm_v.weight", 0, channels // heads)
  x = arg("x", "batch {channels} height width")
  parts = convolve_in_parts(x, "qkv.", channels, 1, [heads * width, width, values])
  q = norm(parts[0], "norm_q.", heads * width)
  v = norm(parts[2], "norm_v.", values)
  queries = Reshape(Transpose(q, perm=[0, 2, 3, 1]), [0, -1, heads, width])

  keys = Softmax(tokens(parts[1]), axis=1)
  content = Einsum(keys, tokens(v), equation="bnk,bnv->bkv")
  y = MatMul(Reshape(queries, [0, -1, width]), content)

  # The embedding as the weight of a convolution from one channel to `width`, of odd extents. That
  # of all relative positions reaches as far as the map does.
  made_for = axes("size", 2, 1, 1)
  kernel = []
  for i 2
    kernel = kernel + [local ? extent("conv_lambda.weight", 2 + i, $kernel(9))
                     : $size ? 2 * made_for[i] - 1 : extent("pos_emb", i)]
  if local {
    rows = weight("conv_lambda.weight", [width, 1] + kernel)
    bias = optional("conv_lambda.bias", [width], 1)
  } else {
    table = weight("pos_emb", kernel + [width])
    rows = Reshape(Transpose(table, perm=[2, 0, 1]), [width, 1] + kernel)
  }
  pads = [kernel[0] // 2, kernel[1] // 2]
  image = reshape_behind(v, [-1, 1], size(x))
  lambda = Transpose(Conv(image, rows, bias, pads=pads + pads), perm=[0, 2, 3, 1])
  position = reshape_behind(lambda, extent_of(x, 0), [values, -1, width])
  y = Reshape(y, [0, -1, heads, values]) + Einsum(queries, position, equation="bnhk,bvnk->bnhv")
  result(pooled_by_stride(from_tokens(y, x), $stride(1)))
}
)";

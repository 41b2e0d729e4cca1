#include "attention/lambda_layer.h"

#include "attention/positions.h"

namespace heed::attention {

namespace {

// The embedding as the weight of a convolution from one channel to `width`, of odd extents. That of
// all relative positions reaches as far as the map does.
Value position_weight(Builder& b, Extent width, bool local, Extent (&kernel)[2]) {
  if (local) {
    for (int i = 0; i < 2; ++i) {
      kernel[i] = b.extent("conv_lambda.weight", 2 + i, b.integer("kernel", 9, 1));
    }
    return b.weight("conv_lambda.weight", {width, 1, kernel[0], kernel[1]});
  }
  const std::vector<int64_t> size = b.per_axis("size", 2, 1, 1);
  for (int i = 0; i < 2; ++i) {
    const Extent given = 2 * static_cast<Extent>(size[static_cast<size_t>(i)]) - 1;
    kernel[i] = b.has_option("size") ? given : b.extent("pos_emb", i);
  }
  const Value table = b.weight("pos_emb", {kernel[0], kernel[1], width});
  return b.reshape(b.transpose(table, "201"), {width, 1, kernel[0], kernel[1]});
}

}  // namespace

void build_lambda_layer(Builder& b) {
  const bool local = b.fresh() ? !b.has_option("size") : !b.has("pos_emb");
  const Extent channels = b.channels("qkv.weight", 1);
  const Extent told_width =
      local ? b.extent("conv_lambda.weight", 0, 0) : b.extent("pos_emb", 2, 0);
  const bool known = !b.fresh();
  const Extent width = b.told("width", 16, known ? told_width : 0);
  const Extent heads = b.told("heads", 4, known ? b.extent("norm_q.weight", 0, width) / width : 0);
  if (b.fresh() && channels % heads != 0) {
    b.fail(Code::kWrongValue, channels, " channels do not divide into ", heads, " heads");
  }
  const Extent values = b.extent("norm_v.weight", 0, channels / heads);
  const Value x = b.argument("x", "batch # height width", {channels});
  Value parts[3];
  convolve_in_parts(b, x, "qkv", channels, 1, {heads * width, width, values}, parts);
  const Value q = b.batch_norm(parts[0], "norm_q", heads * width);
  const Value v = b.batch_norm(parts[2], "norm_v", values);
  const Value queries = b.reshape(b.transpose(q, "0231"), {0, -1, heads, width});

  const Value keys = b.softmax(b.tokens(parts[1]), 1);
  const Value content = b.einsum("bnk,bnv->bkv", keys, b.tokens(v));
  const Value of_content = b.matmul(b.reshape(queries, {0, -1, width}), content);

  Extent kernel[2];
  const Value weight = position_weight(b, width, local, kernel);
  const Value bias =
      local ? b.optional_weight("conv_lambda.bias", {width}, true, Fill::kUniform) : kNoTensor;
  const Value image_shape = b.concat({b.integers({-1, 1}), b.size_of(x)}, 0);
  const Value image = b.node("Reshape", {v, image_shape});
  const int64_t top = kernel[0] / 2, left = kernel[1] / 2;
  const Value lambda =
      b.set_list("pads", {top, left, top, left}).node("Conv", {image, weight, bias});
  const Value batch = extent_of(b, x, 0);
  const Value position = reshape_behind(b, b.transpose(lambda, "0231"), batch, {values, -1, width});
  const Value of_position = b.einsum("bnhk,bvnk->bnhv", queries, position);
  const Value y = b.add(b.reshape(of_content, {0, -1, heads, values}), of_position);
  b.result(pooled_by_stride(b, from_tokens(b, y, x), b.integer("stride", 1, 1)));
}

}  // namespace heed::attention

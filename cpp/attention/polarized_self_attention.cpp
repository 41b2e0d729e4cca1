#include "attention/recipes.h"

const char heed::attention::recipes::polarized_self_attention[] = R"(
layer PolarizedSelfAttention {
  sequential = fresh() ? $form("parallel|sequential") : below("conv_up.0.")
  channels = channels_of("conv_v_right.weight", 1)
  width = extent("conv_v_right.weight", 0, channels // 2)
  x = arg("x", "batch {channels} height width")
  fn narrow(z, place) conv(z, place, width, channels, bias=0)

  # Nothing bends between pooling and the 1x1 convolutions around it, so vectors are convolved
  # instead of maps.
  z = narrow(context_of(x, "conv_q_right.", channels, 0), "conv_v_right.")
  up = sequential ? context_mlp(z, "conv_up.0.", "conv_up.1.", "conv_up.3.", channels, width,
                                extent("conv_up.0.weight", 0, width // 4))
                  : conv(z, "conv_up.", channels, width, bias=0)
  c = Sigmoid(up)

  t = sequential ? x * c : x
  q = Reshape(narrow(GlobalAveragePool(t), "conv_q_left."), [0, -1, 1])
  if sequential scores = MatMul(Softmax(tokens(narrow(t, "conv_v_left.")), axis=1), q)
  else {
    # q.(V x) = (q V).x: the softmax that attention with this one query has.
    v = MatMul(Transpose(q, perm=[0, 2, 1]), weight("conv_v_left.weight", [width, channels]))
    attend(Reshape(v, [0, -1, 1, 1]), x, Slice(x, [0], [1], [1]), form="channels", scale=1)
    scores = next()
  }
  s = Sigmoid(map_like(scores, x))
  map("channel", c, "batch channels 1 1", "channel")
  map("spatial", s, "batch 1 height width", "spatial")
  result(sequential ? t * s : x * (c + s))
}
)";

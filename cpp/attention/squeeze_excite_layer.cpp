// The layer; squeeze_excite.cpp finds the mechanism in graphs from files.
#include "attention/recipes.h"

const char heed::attention::recipes::squeeze_excite_layer[] = R"(
fn squeeze_excite(channels_last) {
  prefix = text("prefix")
  reduce = find("fc1|conv_reduce|fc.0|fc.1|0|1|{prefix}_1x1_down")
  last = reduce == "0." ? 2 : 3
  expand = find("fc2|conv_expand|fc.2|fc.3|{last}|{prefix}_1x1_up")
  name = "{reduce}weight"
  channels = channels_of(name, 1)
  # timm's width, SEModule: at least 8, and a multiple of it.
  hidden = extent(name, 0, $hidden(max(8, (channels // $reduction(16) + 4) // 8 * 8)))
  first = connected(reduce, hidden, channels)
  second = connected(expand, channels, hidden)
  if has("bn.weight") {
    # Folded: of constants the graph makes constants again.
    ignore("bn.num_batches_tracked")
    mean = weight("bn.running_mean", [hidden])
    factor = weight("bn.weight", [hidden]) / Sqrt(weight("bn.running_var", [hidden]) + 1e-5)
    centred = first[1] ? first[1] - mean : -mean
    first = [first[0] * Reshape(factor, [-1, 1]), centred * factor + weight("bn.bias", [hidden])]
  }
  x = channels_last ? Transpose(arg("x", "batch height width {channels}"), perm=[0, 3, 1, 2])
                    : arg("x", "batch {channels} *")
  max_pool = $addMaxPool()
  PooledGate(x, first, second, hidden=act("activation", "relu"), gate=act("gate", "sigmoid"),
             pools=max_pool ? 3 : 1, merge=max_pool ? "pools" : "scores")
}

layer SqueezeExcite {
  if !$layout("NCHW|NHWC") return gated(squeeze_excite())
  y = squeeze_excite(1)
  map("channel", Transpose(next(), perm=[0, 2, 3, 1]), "batch 1 1 channels")
  result(Transpose(y, perm=[0, 2, 3, 1]))
}
)";

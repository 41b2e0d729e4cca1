#include "attention/recipes.h"

const char heed::attention::recipes::normalization[] = R"(
layer BatchNorm {
  channels = channels_of("weight", 0)
  result(norm(arg("x", "batch {channels} *"), "", channels, num("eps", 1e-5)))
}

layer LayerNorm {
  width = told_by("weight", 0, "width")
  result(layer_norm(arg("x", "*"), "", width, num("eps", 1e-5)))
}

layer GroupNorm {
  channels = channels_of("weight", 0)
  x = arg("x", "batch {channels} *")
  groups = $groups(0)
  if !groups or channels % groups
    wrong("{channels} channels do not divide into so many groups: {groups}")
  result(GroupNormalization(x, weight("weight", [channels], 2), weight("bias", [channels], 1),
                            num_groups=groups, epsilon=num("eps", 1e-5)))
}
)";

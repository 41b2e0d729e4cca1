#include "attention/recipes.h"

const char heed::attention::recipes::eca[] = R"(
layer ECA {
  mlp = $useMlp(has("conv2.weight"), 0)
  circular = $padding("zero|circular")
  taps = mlp ? "conv2.weight" : "conv.weight"
  # Of a weight of one kernel for all, channels do not show.
  many = fresh() ? $perChannel() : !mlp and extent(taps, 0) > 1
  kernel = extent(taps, 2, $kernelSize(0))
  by_formula = fresh() and !$kernelSize
  channels = many or by_formula ? channels_of(taps, 0) : $channels(0)
  if by_formula {
    # floor((log2(channels) + 1) / 2), made odd.
    t = 0
    rest = channels // 2
    while rest { t = t + 1  rest = rest // 4 }
    kernel = t + 1 - t % 2
  }
  if kernel % 2 == 0 wrong("the kernel's size is {kernel}, not odd")

  x = arg("x", "batch {channels} *")
  gate = act("gate", "sigmoid")
  if !mlp {
    kernels = many ? channels : 1
    return gated(PooledGate(
        x, weight(taps, [kernels, 1, kernel]), optional("conv.bias", [kernels], $bias()),
        gate=gate, connection="convolution", padding=circular ? "circular" : none))
  }
  if circular wrong("'useMlp' has no circular padding")
  hidden = extent("conv.weight", 0, $hidden(8))
  pooled = GlobalAveragePool(x)
  z = conv(Reshape(pooled, [0, 1, -1]), "conv.", hidden, 1, axes=1)
  z = activate(z, act("activation", "relu"))
  z = activate(conv(z, "conv2.", 1, hidden, kernel=kernel, axes=1), gate)
  s = Reshape(z, Shape(pooled))
  map("channel", s, "batch channels *")
  result(x * s)
}
)";

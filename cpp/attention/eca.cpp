#include "attention/eca.h"

#include "attention/builder.h"
#include "attention/pooled_gate.h"

namespace heed::attention {

namespace {

// floor((log2(channels) + 1) / 2), made odd.
Extent adaptive_kernel(Extent channels) {
  Extent t = 0;
  while (channels >> (2 * t + 1) != 0) ++t;
  return t | 1;
}

}  // namespace

void build_eca(Builder& b) {
  const bool mlp = b.flag("useMlp", b.has("conv2.weight"));
  const bool circular = b.choice("padding", "zero|circular") == 1;
  const char* const taps = mlp ? "conv2.weight" : "conv.weight";
  // Of a weight of one kernel for all, channels do not show.
  const bool many = b.fresh() ? b.flag("perChannel") : !mlp && b.extent(taps, 0) > 1;
  Extent kernel = b.extent(taps, 2, b.integer("kernelSize", 0, 1));
  const bool by_formula = b.fresh() && !b.has_option("kernelSize");
  const Extent channels = many || by_formula ? b.channels(taps, 0) : b.integer("channels", 0, 1);
  if (by_formula) kernel = adaptive_kernel(channels);
  if (kernel % 2 == 0) b.fail(Code::kWrongValue, "the kernel's size is ", kernel, ", not odd");

  PooledGate gate;
  gate.x = b.argument("x", "batch # *", {channels});
  gate.gate = b.activation("gate", "sigmoid");
  if (!mlp) {
    const Extent kernels = many ? channels : 1;
    gate.weights[0] = b.weight(taps, {kernels, 1, kernel});
    gate.weights[1] = b.optional_weight("conv.bias", {kernels}, b.flag("bias"), Fill::kUniform);
    gate.convolution = true;
    gate.circular = circular;
    return finish_with(b, gate);
  }
  if (circular) b.fail(Code::kWrongValue, "'useMlp' has no circular padding");
  const Extent hidden = b.extent("conv.weight", 0, b.integer("hidden", 8, 1));
  const Value pooled = b.node("GlobalAveragePool", {gate.x});
  Value z = b.conv(b.reshape(pooled, {0, 1, -1}), "conv", {.out = hidden, .in = 1, .axes = 1});
  z = b.activate(z, b.activation("activation", "relu"));
  z = b.conv(z, "conv2", {.out = 1, .in = hidden, .kernel = {kernel}, .axes = 1});
  z = b.activate(z, gate.gate);
  const Value s = b.node("Reshape", {z, b.node("Shape", {pooled})});
  b.map("channel", s, "batch channels *");
  b.result(b.mul(gate.x, s));
}

}  // namespace heed::attention

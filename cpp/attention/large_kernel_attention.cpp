#include "attention/large_kernel_attention.h"

#include "attention/builder.h"

namespace heed::attention {

void build_large_kernel_attention(Builder& b) {
  const bool block = b.fresh() ? b.flag("block") : b.has("proj_1.weight");
  const std::string unit = block ? "spatial_gating_unit." : "";
  const Extent channels = b.channels(unit + "conv1.weight", 1);
  const Value x = b.argument("x", "batch # height width", {channels});
  const Convolution pointwise = {.out = channels, .in = channels};
  Convolution depthwise = pointwise;
  depthwise.groups = channels;
  const auto deep = [&](Value z, const char* name, Extent kernel, Extent dilation) {
    depthwise.kernel[0] = depthwise.kernel[1] = kernel;
    depthwise.dilation = dilation;
    return b.conv(z, unit + name, depthwise);
  };
  const Value t = block ? b.gelu(b.conv(x, "proj_1", pointwise)) : x;
  const Value wide = deep(deep(t, "conv0", 5, 1), "conv_spatial", 7, b.integer("dilation", 3, 1));
  const Value a = b.conv(wide, unit + "conv1", pointwise);
  b.map("spatial", a, "batch channels height width");
  const Value y = b.mul(t, a);
  b.result(block ? b.add(b.conv(y, "proj_2", pointwise), x) : y);
}

}  // namespace heed::attention

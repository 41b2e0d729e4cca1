#include "attention/basic/convolution.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

// Convolutions of `axes` spatial axes; the weight's first two axes change places when transposed.
void build(Builder& b, int axes, bool transposed) {
  const Extent groups = b.integer("groups", 1, 1);
  const int in_axis = transposed ? 0 : 1;
  const Extent factor_in = transposed ? 1 : groups, factor_out = transposed ? groups : 1;
  const Extent in = b.fresh() ? b.extent_or_option("weight", 1, "inChannels")
                              : b.extent("weight", in_axis) * factor_in;
  const Extent out = b.fresh() ? b.extent_or_option("weight", 0, "outChannels")
                               : b.extent("weight", 1 - in_axis) * factor_out;
  if (in % groups != 0 || out % groups != 0) {
    b.fail(Code::kWrongValue, in, " input and ", out,
           " output channels do not divide into so many groups: ", groups);
  }
  if (b.fresh() && !b.has_option("kernelSize")) {
    b.fail(Code::kInvalidArgument, "a new layer needs the option 'kernelSize'");
  }
  std::vector<int64_t> kernel = b.per_axis("kernelSize", axes, 1, 1);
  for (int i = 0; i < axes; ++i) {
    int64_t& extent = kernel[static_cast<size_t>(i)];
    extent = b.extent("weight", 2 + i, static_cast<Extent>(extent));
  }
  const Extent first = transposed ? in : out, second = (transposed ? out : in) / groups;
  const auto side = [&](size_t i) { return static_cast<Extent>(kernel[i]); };
  const Value weight = axes == 1 ? b.weight("weight", {first, second, side(0)})
                                 : b.weight("weight", {first, second, side(0), side(1)});
  const Value bias = b.optional_weight("bias", {out}, b.flag("bias", true), Fill::kUniform);
  const std::vector<int64_t> dilations = b.per_axis("dilation", axes, 1, 1);
  std::vector<int64_t> pads;
  if (!transposed && b.is_text("padding")) {
    b.choice("padding", "same");
    for (size_t i = 0; i < kernel.size(); ++i) pads.push_back(dilations[i] * (kernel[i] - 1) / 2);
  } else {
    pads = b.per_axis("padding", axes, 0, 0);
  }
  for (int i = 0; i < axes; ++i) pads.push_back(pads[static_cast<size_t>(i)]);
  b.set("group", groups)
      .set_list("pads", std::move(pads))
      .set_list("dilations", dilations)
      .set_list("strides", b.per_axis("stride", axes, 1, 1));
  if (transposed) b.set_list("output_padding", b.per_axis("outputPadding", axes, 0, 0));
  const Value x = b.argument("x", axes == 1 ? "batch # length" : "batch # height width", {in});
  b.result(b.node(transposed ? "ConvTranspose" : "Conv", {x, weight, bias}));
}

}  // namespace

void build_conv1d(Builder& b) { build(b, 1, false); }
void build_conv2d(Builder& b) { build(b, 2, false); }
void build_conv_transpose2d(Builder& b) { build(b, 2, true); }

}  // namespace heed::attention

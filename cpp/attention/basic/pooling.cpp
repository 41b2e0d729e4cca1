#include "attention/basic/pooling.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

void build(Builder& b, const char* op) {
  const int axes = b.integer("axes", 2, 1) == 1 ? 1 : 2;
  if (!b.has_option("kernelSize")) {
    b.fail(Code::kInvalidArgument, "the option 'kernelSize' is missing");
  }
  std::vector<int64_t> kernel = b.per_axis("kernelSize", axes, 1, 1);
  std::vector<int64_t> pads = b.per_axis("padding", axes, 0, 0);
  for (int i = 0; i < axes; ++i) pads.push_back(pads[static_cast<size_t>(i)]);
  b.set_list("strides", b.has_option("stride") ? b.per_axis("stride", axes, 1, 1) : kernel)
      .set_list("kernel_shape", std::move(kernel))
      .set_list("pads", std::move(pads))
      .set("ceil_mode", b.flag("ceil"));
  if (*op == 'A') b.set("count_include_pad", b.flag("countIncludePad", true));
  const Value x =
      b.argument("x", axes == 1 ? "batch channels length" : "batch channels height width");
  b.result(b.node(op, {x}));
}

void build_global(Builder& b, const char* op) {
  const Value pooled = b.node(op, {b.argument("x", "batch channels *")});
  b.result(b.flag("keepAxes") ? pooled : b.node("Flatten", {pooled}));
}

}  // namespace

void build_avg_pool(Builder& b) { build(b, "AveragePool"); }
void build_max_pool(Builder& b) { build(b, "MaxPool"); }
void build_global_average_pool(Builder& b) { build_global(b, "GlobalAveragePool"); }
void build_global_max_pool(Builder& b) { build_global(b, "GlobalMaxPool"); }

}  // namespace heed::attention

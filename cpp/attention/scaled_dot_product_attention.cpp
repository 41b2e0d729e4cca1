#include "attention/recipes.h"

const char heed::attention::recipes::scaled_dot_product_attention[] = R"(
# What the options scale, causal and emptyRow say.
fn told_scale() num("scale", 0) or none
fn told_causal() is_text("causal") ? 1 + $causal("top-left|bottom-right") : $causal()
fn told_empty_rows() $emptyRow("zeros|nan") ? "nan" : "zero"

layer ScaledDotProductAttention {
  side_by_side = $heads
  heads = $heads(1)
  kv_heads = side_by_side ? $kvHeads(0) or none : none
  q = arg("q", side_by_side ? "batch queries channels" : "batch heads queries width")
  k = arg("k", side_by_side ? "batch keys keyChannels" : "batch kvHeads keys width")
  v = arg("v", side_by_side ? "batch keys valueChannels" : "batch kvHeads keys valueWidth")
  y = ScaledDotProduct(q, k, v, opt("mask", "*"), form=side_by_side ? "tokens" : "heads", heads=heads,
                       kv_heads=kv_heads, causal=told_causal(), scale=told_scale(),
                       empty_rows=told_empty_rows())
  map("self", next(), "batch heads queries keys")
  result(y)
}
)";

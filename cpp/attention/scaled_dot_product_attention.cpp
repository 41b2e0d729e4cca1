#include "attention/scaled_dot_product_attention.h"

namespace heed::attention {

Heads heads_of_options(Builder& b) {
  Heads heads;
  heads.scale = static_cast<float>(b.number("scale", 0));
  heads.causal = b.is_text("causal") ? 1 + b.choice("causal", "top-left|bottom-right")
                                     : static_cast<int>(b.flag("causal"));
  heads.empty_nan = b.choice("emptyRow", "zeros|nan") == 1;
  return heads;
}

void build_scaled_dot_product_attention(Builder& b) {
  Heads heads = heads_of_options(b);
  const bool tokens = b.has_option("heads");
  heads.form = tokens ? "tokens" : "heads";
  heads.heads = b.integer("heads", 1, 1);
  if (tokens) heads.kv_heads = b.integer("kvHeads", 0, 1);
  const Value q = b.argument("q", tokens ? "batch queries channels" : "batch heads queries width");
  const Value k = b.argument("k", tokens ? "batch keys keyChannels" : "batch kvHeads keys width");
  const Value v =
      b.argument("v", tokens ? "batch keys valueChannels" : "batch kvHeads keys valueWidth");
  b.result(b.attend(q, k, v, b.optional_argument("mask", "*"), heads, "attention"));
}

}  // namespace heed::attention

#include "attention/context.h"

namespace heed::attention {

Value context_of(Builder& b, Value x, std::string_view name, Extent channels, Bias bias) {
  // One query for all images, w; keys and values are the positions. A bias is added to all scores.
  const Value w = b.weight(join(name, ".weight"), {1, channels, 1, 1});
  const Value shift =
      b.optional_weight(join(name, ".bias"), {1}, bias == Bias::kAsGiven, Fill::kUniform);
  const Value batch = b.set("end", 1).node("Shape", {x});
  const Value query = b.node("Expand", {w, b.concat({batch, b.integers({channels, 1, 1})}, 0)});
  return b.attend(query, x, x, shift, {.form = "channels", .scale = 1}, nullptr);
}

Value context_mlp(Builder& b, Value z, const ContextMlp& mlp) {
  z = b.reshape(z, {0, 1, -1});
  z = b.linear(z, join(mlp.place, mlp.reduce), mlp.hidden, mlp.in);
  z = b.relu(b.layer_norm(z, join(mlp.place, mlp.norm), mlp.hidden, mlp.epsilon));
  return b.reshape(b.linear(z, join(mlp.place, mlp.expand), mlp.out, mlp.hidden), {0, -1, 1, 1});
}

}  // namespace heed::attention

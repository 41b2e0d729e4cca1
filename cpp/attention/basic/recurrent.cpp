#include "attention/basic/recurrent.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

// PyTorch's gates (GRU: r, z, n; LSTM: i, f, g, o) in ONNX's order (z, r, n; i, o, f, c), as
// (1, gates * hidden, ...).
Value in_order(Builder& b, Value weight, Extent hidden, std::string_view order) {
  std::vector<Value> gates;
  for (char gate : order) {
    const int64_t begin = int64_t{gate - '0'} * hidden;
    gates.push_back(b.slice(weight, 0, begin, begin + hidden));
  }
  const Value all = b.set("axis", 0).node("Concat", std::move(gates));
  return b.node("Unsqueeze", {all, b.integers({0})});
}

void build(Builder& b, const char* op, std::string_view order) {
  const auto gates = static_cast<Extent>(order.size());
  const bool lstm = gates == 4;
  const Extent hidden = b.extent_or_option("weight_hh_l0", 1, "hidden");
  const Extent input = b.extent_or_option("weight_ih_l0", 1, "inputSize");
  const bool both = b.fresh() ? b.flag("bidirectional") : b.has("weight_ih_l0_reverse");
  const bool batch_first = b.flag("batchFirst", true);
  const Value x = b.argument("x", batch_first ? "batch length #" : "length batch #", {input});
  Value sequence = batch_first ? b.transpose(x, "102") : x;
  const Value first_h = b.optional_argument("h", "layers batch #", {hidden});
  const Value first_c = lstm ? b.optional_argument("c", "layers batch #", {hidden}) : kNoTensor;
  const int directions = both ? 2 : 1;
  const Extent layers = b.fresh() ? b.integer("layers", 1, 1) : INT32_MAX;
  std::vector<Value> last_h, last_c;
  for (int layer = 0; layer < layers; ++layer) {
    if (!b.fresh() && layer > 0 && !b.has(join("weight_ih_l", layer))) break;
    const Extent width = layer == 0 ? input : directions * hidden;
    Value parts[3] = {kNoTensor, kNoTensor, kNoTensor};  // W, R, B: (directions, ...)
    for (int direction = 0; direction < directions; ++direction) {
      const std::string suffix = join("_l", layer, direction == 1 ? "_reverse" : "");
      const auto weight = [&](const char* name, Extent columns) {
        return in_order(b, b.weight(join(name, suffix), {gates * hidden, columns}), hidden, order);
      };
      Value own[3] = {weight("weight_ih", width), weight("weight_hh", hidden), kNoTensor};
      const bool biased = b.fresh() ? b.flag("bias", true) : b.has(join("bias_ih", suffix));
      if (biased) own[2] = b.concat({weight("bias_ih", 1), weight("bias_hh", 1)}, 1);
      for (int i = 0; i < 3; ++i) {
        if (direction == 0) {
          parts[i] = own[i];
        } else if (own[i] != kNoTensor) {
          parts[i] = b.concat({parts[i], own[i]}, 0);
        }
      }
    }
    // Biases come as columns.
    if (parts[2] != kNoTensor) parts[2] = b.reshape(parts[2], {directions, -1});
    const auto initial = [&](Value states) {
      return states == kNoTensor ? kNoTensor
                                 : b.slice(states, 0, layer * directions, (layer + 1) * directions);
    };
    const Value h = initial(first_h), c = initial(first_c);
    b.set("hidden_size", hidden).set_text("direction", both ? "bidirectional" : "forward");
    if (!lstm) b.set("linear_before_reset", 1);
    const Value y = b.node(op, {sequence, parts[0], parts[1], parts[2], kNoTensor, h, c});
    last_h.push_back(b.next_output());
    if (lstm) last_c.push_back(b.next_output());
    // (length, directions, batch, hidden) to (length, batch, directions * hidden).
    sequence = b.reshape(b.transpose(y, "0213"), {0, 0, -1});
  }
  b.result(batch_first ? b.transpose(sequence, "102") : sequence);
  const auto states = [&](std::vector<Value>& all) {
    return all.size() == 1 ? all[0] : b.set("axis", 0).node("Concat", std::move(all));
  };
  b.result(states(last_h), "h");
  if (lstm) b.result(states(last_c), "c");
}

}  // namespace

void build_gru(Builder& b) { build(b, "GRU", "102"); }
void build_lstm(Builder& b) { build(b, "LSTM", "0312"); }

}  // namespace heed::attention

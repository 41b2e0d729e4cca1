#include "attention/recipes.h"

const char heed::attention::recipes::recurrent[] = R"(
# `order`: PyTorch's gates (GRU: r, z, n; LSTM: i, f, g, o) in ONNX's order (z, r, n; i, o, f, c).
fn recurrent(order) {
  gates = len(order)
  lstm = gates == 4
  hidden = told_by("weight_hh_l0", 1, "hidden")
  input = told_by("weight_ih_l0", 1, "inputSize")
  both = fresh() ? $bidirectional() : has("weight_ih_l0_reverse")
  batch_first = $batchFirst(1, 0)
  fn turned(z) batch_first ? Transpose(z, perm=[1, 0, 2]) : z
  # (1, gates * hidden, ...)
  fn gates_of(name, columns) {
    rows = weight(name, [gates * hidden, columns])
    parts = []
    for gate order parts = parts + [Slice(rows, [gate * hidden], [(gate + 1) * hidden], [0])]
    Unsqueeze(Concat(parts, axis=0), [0])
  }
  fn joined(all) all[1] ? Concat(all, axis=0) : all[0]
  first = batch_first ? "batch length" : "length batch"
  y = turned(arg("x", "{first} {input}"))
  first_h = opt("h", "layers batch {hidden}")
  if lstm first_c = opt("c", "layers batch {hidden}")
  directions = both ? 2 : 1
  layers = $layers(1)
  last_h = []
  last_c = []
  n = 0
  while fresh() ? n < layers : n == 0 or has("weight_ih_l{n}") {
    width = n ? directions * hidden : input
    w = [] r = [] b = []
    for suffix both ? ["l{n}", "l{n}_reverse"] : ["l{n}"] {
      w = w + [gates_of("weight_ih_{suffix}", width)]
      r = r + [gates_of("weight_hh_{suffix}", hidden)]
      if fresh() ? $bias(1, 0) : has("bias_ih_{suffix}")
        b = b + [Concat(gates_of("bias_ih_{suffix}", 1), gates_of("bias_hh_{suffix}", 1), axis=1)]
    }
    # Biases come as columns.
    biases = b ? Reshape(joined(b), [directions, -1]) : none
    fn initial(states)
      states and Slice(states, [n * directions], [(n + 1) * directions], [0])
    h = initial(first_h)
    direction = both ? "bidirectional" : "forward"
    y = lstm ? LSTM(y, joined(w), joined(r), biases, none, h, initial(first_c), hidden_size=hidden,
                    direction=direction)
             : GRU(y, joined(w), joined(r), biases, none, h, hidden_size=hidden, direction=direction,
                   linear_before_reset=1)
    last_h = last_h + [next()]
    if lstm last_c = last_c + [next()]
    # (length, directions, batch, hidden) to (length, batch, directions * hidden).
    y = Reshape(Transpose(y, perm=[0, 2, 1, 3]), [0, 0, -1])
    n = n + 1
  }
  result(turned(y))
  result(joined(last_h), "h")
  if lstm result(joined(last_c), "c")
}

layer GRU recurrent([1, 0, 2])
layer LSTM recurrent([0, 3, 1, 2])
)";

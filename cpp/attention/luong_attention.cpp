#include "attention/recipes.h"

const char heed::attention::recipes::luong_attention[] = R"(
layer LuongAttention {
  # Scores: dot 0, general 1, concat 2, concat_matlab 3. Places: all 0, monotonic 1, predictive 2.
  kernel = has("memory_layer.kernel")
  score = kernel ? 0
        : $score ? $score("dot|general|concat|concat_matlab")
        : fresh() or has("linear_in.weight") ? 1
        : has("linear_concat.weight") ? 2
        : has("linear_query.weight") ? 3 : 0
  local = $local ? $local("none|monotonic|predictive") : has("linear_position.weight") ? 2 : 0
  name = score == 1 ? "linear_in.weight" : "linear_query.weight"
  out = kernel ? channels_of("memory_layer.kernel", 1) : channels_of("linear_out.weight", 0)
  half = extent("linear_out.weight", 1, 2 * out) // 2  # of a context and a query
  channels = kernel ? extent("memory_layer.kernel", 0) : extent(name, 0, half)
  wide = kernel ? out : extent(name, 1, half)
  query = arg("query", "batch queries {wide}")
  memory = arg("memory", "batch keys {channels}")
  q = query
  if kernel {
    memory = MatMul(memory, weight("memory_layer.kernel", [channels, out]))
    if has("attention_g") q = q * weight("attention_g", [])
  }
  if score == 1 q = linear(q, "linear_in.", channels, wide, 0)

  # The softmax over a window of the memory around a position for each query.
  fn local_softmax(scores) {
    seen = seen_positions(memory, 1)
    size = seen ? Reshape(real(arg("lengths", "batch")), [-1, 1, 1]) : real(extent_of(memory, 1))
    if local == 1 centre = Min(Reshape(positions(query, 1), [-1, 1]), size - 1)
    else {
      units = extent("linear_position.weight", 0, wide)
      hidden = Tanh(linear(query, "linear_position.", units, wide, 0))
      centre = size * Sigmoid(linear(hidden, "v_position.", 1, units, 0))
    }
    keys = positions(memory, 1)
    window = num("window", 10)
    inside = Abs(keys - Floor(centre)) <= window
    fn softmax() masked_softmax(scores, seen ? And(inside, seen) : inside)
    if local == 1 return softmax()
    # The Gaussian's deviation is half the window.
    away = keys - centre
    gaussian = Exp(away * away * (-2 / (window * window)))
    if !$gaussian("weights|scores") return softmax() * gaussian
    scores = scores * gaussian
    softmax()
  }
  if score < 2 and !local {
    context = attend(q, memory, memory, seen_positions(memory, 1, [-1, 1, 1, 1]), scale=1)
    record_single_head("temporal")
  } else {
    if score < 2 scores = MatMul(q, memory, transB=1)
    else {
      k = memory
      units = channels
      if score == 2 {
        units = extent("linear_concat.weight", 0, channels)
        both = weight("linear_concat.weight", [units, wide + channels])
        fn project(x, begin, end) MatMul(x, Slice(both, [begin], [end], [1]), transB=1)
        k = project(memory, wide, wide + channels)
        q = project(query, 0, wide)
      } else q = linear(query, "linear_query.", channels, wide, 0)
      scores = AdditiveScore(q, k, weight("v.weight", [1, units]))
    }
    a = local ? local_softmax(scores) : masked_softmax(scores, seen_positions(memory, 1))
    map("temporal", a, "batch queries keys")
    context = MatMul(a, memory)
  }
  result(fresh() or has("linear_out.weight")
      ? Tanh(linear(Concat(context, query, axis=-1), "linear_out.", out, channels + wide, 0))
      : context)
}
)";

#include "attention/recipes.h"

const char heed::attention::recipes::pyramid_feature_attention[] = R"(
# Keras' convolution, which keeps the size; its kernel is (height, width, in, out).
fn keras_conv(x, place, out, in, kernel, dilation, bias) {
  w = Transpose(weight("{place}.kernel", [kernel[0], kernel[1], in, out]), perm=[3, 2, 0, 1])
  down = dilation * (kernel[0] - 1) // 2
  right = dilation * (kernel[1] - 1) // 2
  Conv(x, w, bias and weight("{place}.bias", [out], 1), pads=[down, right, down, right],
       dilations=[dilation, dilation])
}

# Batch norm by the statistics of the batch, and ReLU.
fn keras_norm(x, place, channels)
  Relu(BatchNormalization(
      x, weight("{place}.gamma", [channels], 2), weight("{place}.beta", [channels], 1),
      weight("{place}.moving_mean", [channels], 1),
      weight("{place}.moving_variance", [channels], 2),
      epsilon=1e-3, training_mode=1))

layer PyramidFeatureAttention {
  name = $name ? text("name") : "C3"
  part = $part("whole|context|channel|spatial")
  if !fresh() and !$part
    part = has("C345_conv.kernel") ? 0 : has("{name}_cfe_cfe0.kernel") ? 1
         : has("spatial_attention_1_conv1.kernel") ? 3 : 2

  # The four branches of a level; `width` is what each of them gives.
  fn width_of(name) extent("{name}_cfe_cfe0.kernel", 3, $width(32))
  fn context(x, name, channels, width) {
    branches = []
    for i 4 {
      side = i ? 3 : 1
      dilated = i ? "_dilation" : ""
      place = "{name}_cfe_cfe{i}{dilated}"
      branches = branches + [keras_conv(x, place, width, channels, side, 2 * i + 1)]
    }
    keras_norm(Concat(branches, axis=1), "{name}_cfe_BN", 4 * width)
  }

  # Keras numbers layers without a name as it makes them.
  number = has("dense.kernel") ? 0 : 1
  first = number ? "dense_1" : "dense"
  second = "dense_{number + 1}"
  fn channel_attention(x, channels, name) {
    hidden = extent("{first}.kernel", 1, max(1, channels // 4))
    fn dense(place, out, in)
      [Transpose(weight("{place}.kernel", [in, out]), perm=[1, 0]), weight("{place}.bias", [out], 1)]
    y = PooledGate(x, dense(first, hidden, channels), dense(second, channels, hidden),
                   hidden=act("", "relu"), gate=act("", "sigmoid"))
    map("channel", next(), "batch channels 1 1", name)
    y
  }

  # low, weighed by the map of `high`.
  fn spatial_attention(low, high, channels, name) {
    half = extent("spatial_attention_1_conv1.kernel", 3, channels // 2)
    sum = 0
    for branch [1, 2] {
      y = high
      for step [1, 2] {
        place = "spatial_attention_{branch}_conv{step}"
        out = step == 1 ? half : 1
        down = extent("{place}.kernel", 0, branch == step ? 1 : 9)
        right = extent("{place}.kernel", 1, branch == step ? 9 : 1)
        y = keras_conv(y, place, out, step == 1 ? channels : half, [down, right], 1, 1)
        y = keras_norm(y, "attention{branch}_{step}_BN", out)
      }
      sum = sum ? sum + y : y
    }
    s = Sigmoid(sum)
    map("spatial", s, "batch 1 height width", name)
    low * s
  }

  fn whole() {
    low = arg("low", "batch channels height width")
    if fresh() and !$channels invalid("a new layer needs the option 'channels'")
    given = axes("channels", 3, 1, 1)
    width = width_of("C3")
    levels = []
    for i 3 {
      name = "C{3 + i}"
      channels = extent("{name}_cfe_cfe0.kernel", 2, given[i])
      x = arg("c{3 + i}", "batch {channels} *")
      y = context(x, name, channels, width)
      levels = levels + [i ? upsample(y, 2 * i) : y]
    }
    all = 12 * width
    high = extent("C345_conv.kernel", 3, $high(64))
    y = channel_attention(Concat(levels, axis=1), all, "channel")
    y = keras_norm(keras_conv(y, "C345_conv", high, all, 1, 1, 1), "C345_BN", high)
    y = upsample(y, 4)
    Concat(spatial_attention(low, y, high, "spatial"), y, axis=1)
  }

  if part == 0 return result(whole())
  if part == 3 {
    channels = channels_of("spatial_attention_1_conv1.kernel", 2)
    low = arg("low", "batch channels height width")
    high = arg("high", "batch {channels} height width")
    return result(spatial_attention(low, high, channels, "attention"))
  }
  channels = part == 2 ? channels_of("{first}.kernel", 0) : channels_of("{name}_cfe_cfe0.kernel", 2)
  x = arg("x", "batch {channels} height width")
  result(part == 2 ? channel_attention(x, channels, "attention")
                   : context(x, name, channels, width_of(name)))
}
)";

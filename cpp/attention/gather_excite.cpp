#include "attention/recipes.h"

const char heed::attention::recipes::gather_excite[] = R"(
layer GatherExcite {
  gathers = fresh() ? $gather() : below("gather.")
  hidden = fresh() ? $hidden(0, 0) : extent("mlp.fc1.weight", 0)
  excites = fresh() ? hidden > 0 : below("mlp.")
  channels = gathers ? channels_of("gather.conv1.weight", 0)
           : excites ? channels_of("mlp.fc1.weight", 1) : 0
  extent = $extent(0, 0)
  x = arg("x", "batch {channels} height width")
  global = !gathers and !extent
  if gathers {
    # Depthwise convolutions, with a batch norm each where the weights have one, ReLU between them.
    count = 0
    while count < 16 and has("gather.conv{count + 1}.weight") count = count + 1
    if !$extent {
      extent = 0
      if count > 1 or extent("gather.conv1.weight", 2) == 3 {
        extent = 1
        for i count extent = extent * 2
      }
    }
    kernel = extent ? 3 : $kernel(3)
    z = x
    stride = 1
    i = 1
    while stride < extent or i == 1 {
      if i > 1 z = Relu(z)
      z = conv(z, "gather.conv{i}.", channels, channels, kernel=kernel, groups=channels,
               stride=extent ? 2 : 1, bias=0)
      z = maybe_norm(z, "gather.norm{i}.", channels)
      stride = stride * 2
      i = i + 1
    }
    if extent and stride != extent
      wrong("the option 'extent' must be a power of two, not {extent}")
  } else {
    pad = extent - 1
    window = [extent + pad, extent + pad]
    steps = [extent, extent]
    pads = [pad, pad, pad, pad]
    z = extent ? AveragePool(x, kernel_shape=window, strides=steps, pads=pads)
               : GlobalAveragePool(x)
    if $addMaxPool()
      z = (z + (extent ? MaxPool(x, kernel_shape=window, strides=steps, pads=pads)
                       : GlobalMaxPool(x))) * 0.5
  }
  if excites {
    z = Relu(conv(z, "mlp.fc1.", hidden, channels))
    z = conv(z, "mlp.fc2.", channels, hidden)
  }
  s = Sigmoid(z)
  if !global
    s = Resize(s, none, none, Concat(Shape(s, end=2), size(x), axis=0), mode="nearest",
               coordinate_transformation_mode="asymmetric", nearest_mode="floor")
  map(global ? "channel" : "spatial", s,
      global ? "batch channels 1 1" : "batch channels height width")
  result(x * s)
}
)";

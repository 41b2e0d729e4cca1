#include "attention/recipes.h"

const char heed::attention::recipes::strip_pooling[] = R"(
fn strip_gate() {
  channels = channels_of("conv_h.weight", 0)
  x = arg("x", "batch {channels} height width")
  k = $kernel(3)
  fn strip(place, axis, kernel)
    conv(ReduceMean(x, [axis]), place, channels, channels, kernel=kernel, groups=channels, bias=0)
  rows = strip("conv_h.", 3, [k, 1])
  a = Sigmoid(rows + strip("conv_w.", 2, [1, k]))
  map("spatial", a, "batch channels height width")
  result(x * a)
}

# Adaptive average pooling of x (B,C,H,W) to (B,C,size,size), as two products with x as it lies
# channels last.
fn adaptive_pool(x, size) {
  # The matrix (size, extent) that averages an axis: row i over the elements from floor(i * extent /
  # size) on, in front of ceil((i + 1) * extent / size).
  fn averaging(axis) {
    extent = extent_of(x, axis)
    i = count_up([size])
    begin = Reshape(i * extent / [size], [size, 1])
    end = Reshape(((i + [1]) * extent + [size - 1]) / [size], [size, 1])
    at = count_up(extent)
    real(And(at >= begin, at < end)) / real(end - begin)
  }
  height = MatMul(averaging(2), Reshape(Transpose(x, perm=[0, 2, 3, 1]), [0, 0, -1]))
  split = Reshape(height, Concat([0, size, -1], extent_of(x, 1), axis=0))
  Transpose(MatMul(averaging(3), split), perm=[0, 3, 1, 2])
}

layer StripPooling {
  if fresh() ? $gate() : has("conv_h.weight") return strip_gate()
  channels = channels_of("conv1_1.0.weight", 1)
  width = extent("conv1_1.0.weight", 0, channels // 4)
  x = arg("x", "batch {channels} height width")
  sizes = numbers("sizes") or [20, 12]
  fn fits(n) n >= 1 and n <= 4096
  if len(sizes) != 2 or !fits(sizes[0]) or !fits(sizes[1]) {
    wrong("the option 'sizes' must be two numbers from 1 to 4096")
    sizes = [1, 1]
  }
  fn unit(z, name, out, in, kernel)
    norm(conv(z, "{name}.0.", out, in, kernel=kernel, bias=0), "{name}.1.", out)
  fn inner(z, name, kernel) unit(z, name, width, width, kernel or 3)
  a = Relu(unit(x, "conv1_1", width, channels))
  s = Relu(unit(x, "conv1_2", width, channels))
  fn pyramid(n, name) resize(inner(adaptive_pool(a, n // 1), name), size(x), "align_corners")
  pools = pyramid(sizes[0], "conv2_1") + pyramid(sizes[1], "conv2_2")
  p = Relu(inner(Relu(inner(a, "conv2_0") + pools), "conv2_5"))
  # A strip resized to x is the strip, repeated.
  columns = inner(ReduceMean(s, [2]), "conv2_3", [1, 3])
  rows = inner(ReduceMean(s, [3]), "conv2_4", [3, 1])
  q = Relu(inner(Relu(rows + columns), "conv2_6"))
  result(Relu(unit(Concat(p, q, axis=1), "conv3", channels, 2 * width) + x))
}
)";

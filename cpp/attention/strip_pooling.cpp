#include "attention/strip_pooling.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

void build_gate(Builder& b) {
  const Extent channels = b.channels("conv_h.weight", 0);
  const Value x = b.argument("x", "batch # height width", {channels});
  const Extent kernel = b.integer("kernel", 3, 1);
  const auto strip = [&](const char* name, int pooled_axis, Extent height, Extent width) {
    return b.conv(b.mean(x, {pooled_axis}), name,
                  {.out = channels,
                   .in = channels,
                   .kernel = {height, width},
                   .groups = channels,
                   .bias = Bias::kNone});
  };
  const Value rows = strip("conv_h", 3, kernel, 1), columns = strip("conv_w", 2, 1, kernel);
  const Value a = b.sigmoid(b.add(rows, columns));
  b.map("spatial", a, "batch channels height width");
  b.result(b.mul(x, a));
}

// The matrix (size, extent) that averages an axis as adaptive pooling does: row i over the elements
// from floor(i * extent / size) on, in front of ceil((i + 1) * extent / size).
Value averaging(Builder& b, Value extent, Extent size) {
  std::vector<int64_t> firsts, lasts;
  for (Extent i = 0; i < size; ++i) {
    firsts.push_back(i);
    lasts.push_back(i + 1);
  }
  const Value count = b.integers({size});
  const Value begin = b.div(b.mul(b.integers(firsts), extent), count);
  const Value end = b.div(b.add(b.mul(b.integers(lasts), extent), b.integers({size - 1})), count);
  const Value at = b.node("Range", {b.integers({0}), extent, b.integers({1})});
  const auto column = [&](Value v) { return b.reshape(v, {size, 1}); };
  const Value inside = b.node(
      "And", {b.node("GreaterOrEqual", {at, column(begin)}), b.node("Less", {at, column(end)})});
  const auto real = [&](Value v) { return b.set("to", 1).node("Cast", {v}); };
  return b.div(real(inside), real(column(b.sub(end, begin))));
}

// Adaptive average pooling of x (B,C,H,W) to (B,C,size,size), as two products with x as it lies
// channels last.
Value adaptive_pool(Builder& b, Value x, Extent size) {
  const auto extent = [&](int axis) {
    return b.set("start", axis).set("end", axis + 1).node("Shape", {x});
  };
  const Value last = b.transpose(x, "0231");
  const Value height = b.matmul(averaging(b, extent(2), size), b.reshape(last, {0, 0, -1}));
  const Value channels = extent(1);
  const Value shape = b.concat({b.integers({0, size, -1}), channels}, 0);
  const Value split = b.node("Reshape", {height, shape});
  return b.transpose(b.matmul(averaging(b, extent(3), size), split), "0312");
}

}  // namespace

void build_strip_pooling(Builder& b) {
  if (b.fresh() ? b.flag("gate") : b.has("conv_h.weight")) return build_gate(b);
  const Extent channels = b.channels("conv1_1.0.weight", 1);
  const Extent width = b.extent("conv1_1.0.weight", 0, channels / 4);
  const Value x = b.argument("x", "batch # height width", {channels});
  std::vector<double> sizes = b.numbers("sizes");
  if (sizes.empty()) sizes = {20, 12};
  if (sizes.size() != 2 ||
      !(sizes[0] >= 1 && sizes[0] <= 4096 && sizes[1] >= 1 && sizes[1] <= 4096)) {
    b.fail(Code::kWrongValue, "the option 'sizes' must be two numbers from 1 to 4096");
    sizes = {1, 1};
  }
  const auto unit = [&](Value z, const char* name, Extent out, Extent in, Extent height,
                        Extent across) {
    const Value conv =
        b.conv(z, join(name, ".0"),
               {.out = out, .in = in, .kernel = {height, across}, .bias = Bias::kNone});
    return b.batch_norm(conv, join(name, ".1"), out);
  };
  const auto inner = [&](Value z, const char* name, Extent height = 3, Extent across = 3) {
    return unit(z, name, width, width, height, across);
  };
  const Value size = b.size_of(x);
  const Value a = b.relu(unit(x, "conv1_1", width, channels, 1, 1));
  const Value s = b.relu(unit(x, "conv1_2", width, channels, 1, 1));
  const auto pyramid = [&](double rows, const char* name) {
    const Value pooled = adaptive_pool(b, a, static_cast<Extent>(rows));
    return b.resize(inner(pooled, name), size, "linear", true);
  };
  const Value pools = b.add(pyramid(sizes[0], "conv2_1"), pyramid(sizes[1], "conv2_2"));
  const Value p = b.relu(inner(b.relu(b.add(inner(a, "conv2_0"), pools)), "conv2_5"));
  // A strip resized to x is the strip, repeated.
  const Value columns = inner(b.mean(s, {2}), "conv2_3", 1, 3);
  const Value rows = inner(b.mean(s, {3}), "conv2_4", 3, 1);
  const Value q = b.relu(inner(b.relu(b.add(rows, columns)), "conv2_6"));
  const Value both = unit(b.concat({p, q}, 1), "conv3", channels, 2 * width, 1, 1);
  b.result(b.relu(b.add(both, x)));
}

}  // namespace heed::attention

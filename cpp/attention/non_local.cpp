#include "attention/non_local.h"

#include <algorithm>
#include <cmath>

#include "attention/positions.h"

namespace heed::attention {

namespace {

enum Mode { kEmbeddedGaussian, kGaussian, kDotProduct, kConcatenation };

Mode read_mode(Builder& b, std::string_view theta, std::string_view phi, std::string_view both) {
  const int mode = b.choice("mode", "embedded_gaussian|gaussian|dot_product|concatenation");
  if (b.has_option("mode") || b.fresh()) return static_cast<Mode>(mode);
  if (b.has(join(both, ".weight"))) return kConcatenation;
  const bool neither = !b.has(join(theta, ".weight")) && !b.has(join(phi, ".weight"));
  return neither ? kGaussian : kEmbeddedGaussian;
}

// The other modes, of tokens. The dot product needs no map: q (k^T v) is (q k^T) v.
Value without_softmax(Builder& b, Mode mode, std::string_view both, Value q, Value k, Value v,
                      Extent hidden) {
  const Value count = to_float(b, extent_of(b, k, 1));
  Value map, y;
  if (mode == kDotProduct) {
    y = b.matmul(q, b.div(b.einsum("bkd,bke->bde", k, v), count));
    map = b.div(b.matmul_rows(q, k), count);
  } else {
    const Value weight = b.weight(join(both, ".weight"), {1, 2 * hidden});
    const auto project = [&](Value x, Extent first) {
      return b.matmul_rows(x, b.slice(weight, 1, first, first + hidden));
    };
    const Value of_keys = b.reshape(project(k, hidden), {0, 1, -1});
    map = b.div(b.relu(b.add(project(q, 0), of_keys)), count);
    y = b.matmul(map, v);
  }
  b.map("self", map, "batch queries keys");
  return y;
}

}  // namespace

void build_non_local(Builder& b) {
  const std::string_view theta = b.find("theta|_theta|theta.conv|t");
  const std::string_view phi = b.find("phi|phi.0|_phi|phi.conv|phi.0.conv|p");
  const std::string_view g = b.find("g|g.0|_g|g.conv|g.0.conv");
  const std::string_view w = b.find("W.0|W|_out|conv_out.conv|z");
  const std::string_view norm = b.find("W.1|_bn|conv_out.bn|norm");
  const std::string_view both = b.find("concat_project.0|concat_project.conv");
  const bool facebook = g == "_g";
  const Mode mode = read_mode(b, theta, phi, both);
  const std::string g_weight = join(g, ".weight");
  const Extent channels = b.channels(g_weight, 1);
  const Extent hidden =
      b.extent(g_weight, 0, b.integer("hidden", std::max<Extent>(1, channels / 2), 1));
  const Extent given_axes = b.integer("axes", 2, 1);
  const int axes = std::clamp(b.rank(g_weight) > 2 ? b.rank(g_weight) - 2 : given_axes, 1, 3);
  constexpr const char* kShapes[] = {"batch # length", "batch # height width",
                                     "batch # time height width"};
  const Value x = b.argument("x", kShapes[axes - 1], {channels});

  const bool pool = b.flag("pool", facebook || g.find('0') != g.npos);
  const auto pooled = [&](Value map) {
    if (!pool) return map;
    constexpr int64_t kSteps[] = {1, 2, 2, 2};  // of axes 3 the first three, else the last
    const int64_t* steps = axes == 3 ? kSteps : kSteps + 4 - axes;
    const std::vector<int64_t> window(steps, steps + axes);
    return b.set_list("kernel_shape", window).set_list("strides", window).node("MaxPool", {map});
  };
  const auto conv = [&](Value map, std::string_view name) {
    return b.conv(map, name, {.out = hidden, .in = channels, .axes = axes});
  };
  const Value small = facebook ? pooled(x) : x;
  Value q = x, k = small;
  if (mode != kGaussian) {
    q = conv(x, theta);
    k = conv(small, phi);
  }
  Value v = conv(small, g);
  if (!facebook) {
    k = pooled(k);
    v = pooled(v);
  }
  const Extent width = mode == kGaussian ? channels : hidden;
  const float root = std::sqrt(static_cast<float>(width));
  float scale = 1;
  if (facebook) scale = 1 / root;
  if (w == "conv_out.conv") scale = root;
  if (w == "z") scale = 1 / std::sqrt(static_cast<float>(channels));
  scale = static_cast<float>(b.number("scale", scale));
  Value y;
  if (mode == kEmbeddedGaussian || mode == kGaussian) {
    y = b.attend(q, k, v, kNoTensor, {.form = "channels", .scale = scale}, nullptr);
    record_single_head(b);
  } else {
    y = without_softmax(b, mode, both, to_tokens(b, q, hidden, axes), to_tokens(b, k, hidden, axes),
                        to_tokens(b, v, hidden, axes), hidden);
    y = from_tokens(b, y, x, axes);
  }
  y = b.conv(y, w, {.out = channels, .in = hidden, .axes = axes});
  b.result(b.add(b.optional_batch_norm(y, norm, channels, true), x));
}

}  // namespace heed::attention

#include "attention/bam.h"

#include "attention/builder.h"

namespace heed::attention {

namespace {

// Where the weights of the two forms are.
struct Names {
  const char *connection, *connection_norm, *last_connection;
  const char *reduce, *reduce_norm, *conv, *conv_norm, *last_conv;
  int first_norm;  // of the connections
};

#define CHANNEL "channel_att.gate_c.gate_c_"
#define SPATIAL "spatial_att.gate_s.gate_s_"
constexpr Names kOfficial = {CHANNEL "fc_",          CHANNEL "bn_",        CHANNEL "fc_final",
                             SPATIAL "conv_reduce0", SPATIAL "bn_reduce0", SPATIAL "conv_di_",
                             SPATIAL "bn_di_",       SPATIAL "conv_final", 1};
#undef CHANNEL
#undef SPATIAL
constexpr Names kXmu = {"ca.ca.fc",           "ca.ca.bn",         "ca.ca.last_fc",
                        "sa.sa.conv_reduce1", "sa.sa.bn_reduce1", "sa.sa.conv_",
                        "sa.sa.bn_",          "sa.sa.last_conv",  0};

// How many weights there are, numbered from 0 on.
int count_of(Builder& b, const char* name, int of_new) {
  int count = 0;
  while (b.has(join(name, count, ".weight"))) ++count;
  return count > 0 ? count : of_new;
}

}  // namespace

void build_bam(Builder& b) {
  const bool xmu = b.has_below("ca.ca.");
  const Names& names = xmu ? kXmu : kOfficial;
  const std::string first = join(names.connection, "0.weight");
  const Extent channels = b.channels(first, 1);
  const Extent ratio = b.integer("reduction", 16, 1);
  const Extent hidden = b.extent(first, 0, channels / ratio);
  const int connections = count_of(b, names.connection, 1);
  const int convolutions = count_of(b, names.conv, 2);
  const Extent dilation = b.integer("dilation", xmu ? 2 : 4, 1);
  const Extent padding = b.integer("padding", xmu ? 1 : dilation);
  const Extent lost = 2 * (dilation - padding) * convolutions;
  const Extent size = lost > 0 ? lost + 1 : 0;
  const Value x = b.argument("x", "batch # # #", {channels, size, size});
  const auto unit = [&](Value z, std::string_view name, std::string_view norm, Convolution conv) {
    conv.out = hidden;
    return b.relu(b.batch_norm(b.conv(z, name, conv), norm, hidden));
  };

  Value c = b.node("GlobalAveragePool", {x});
  for (int i = 0; i < connections; ++i) {
    c = unit(c, join(names.connection, i), join(names.connection_norm, i + names.first_norm),
             {.in = i == 0 ? channels : hidden});
  }
  c = b.conv(c, names.last_connection, {.out = channels, .in = hidden});
  Value s = unit(x, names.reduce, names.reduce_norm, {.in = channels});
  for (int i = 0; i < convolutions; ++i) {
    s = unit(s, join(names.conv, i), join(names.conv_norm, i),
             {.in = hidden, .kernel = {3, 3}, .dilation = dilation, .padding = padding});
  }
  s = b.conv(s, names.last_conv, {.out = 1, .in = hidden});

  const bool sum = b.has_option("merge") ? b.choice("merge", "product|sum") == 1 : xmu;
  const Value merged = sum ? b.add(c, s) : b.mul(c, s);
  const Value a = b.add(b.sigmoid(merged), b.scalar(1));
  b.map("spatial", a, "batch channels height width");
  b.result(b.mul(x, a));
}

}  // namespace heed::attention

#include "attention/selective_kernel.h"

#include <algorithm>

#include "attention/builder.h"

namespace heed::attention {

namespace {

// A weight's name without ".weight": the first of `names` that there is.
std::string place(Builder& b, const std::string& names) { return std::string(b.find(names)); }

std::string branch_place(Builder& b, std::string_view prefix, Extent m) {
  return place(b, join("paths.", m, ".conv|convs.", m, ".conv|convs.", m, ".0|", prefix, "/3x3g32",
                       m > 0 ? join("d", m + 1) : ""));
}

}  // namespace

void build_selective_kernel(Builder& b) {
  const std::string_view prefix = b.text("prefix");
  const Extent groups = b.integer("groups", 1, 1);
  const std::string first = branch_place(b, prefix, 0) + ".weight";
  Extent branches = b.integer("branches", 2, 1);
  if (!b.fresh()) {
    branches = 1;
    while (b.has(branch_place(b, prefix, branches) + ".weight")) ++branches;
  }
  const Extent parts = b.flag("splitInput") ? branches : 1;
  const Extent given = b.extent(first, 1, 0) * groups * parts;
  const Extent channels = b.fresh() ? b.channels(first, 1) : given;
  const Extent out = b.extent(first, 0, b.integer("out", channels, 1));
  if (channels % parts != 0) {
    b.fail(Code::kWrongValue, channels, " channels do not divide among ", branches, " branches");
  }
  // Kernels of one size see further by dilation.
  bool dilated = true;
  for (Extent m = 0; m < branches; ++m) {
    const std::string name = branch_place(b, prefix, m) + ".weight";
    dilated = dilated && b.extent(name, 3, 3) == b.extent(first, 3, 3) && b.extent(name, 3, 3) > 1;
  }

  const Value x = b.argument("x", "batch # height width", {channels});
  std::vector<Value> inputs = {kNoTensor};
  Value z = kNoTensor;
  for (Extent m = 0; m < branches; ++m) {
    const std::string conv = branch_place(b, prefix, m);
    const Extent in = channels / parts;
    const Value seen = parts == 1 ? x : b.slice(x, 1, m * in, (m + 1) * in);
    Value u = b.conv(seen, conv,
                     {.out = out,
                      .in = in,
                      .kernel = {3, 3},
                      .groups = groups,
                      .stride = b.integer("stride", 1, 1),
                      .dilation = dilated ? 1 + m : 1,
                      .bias = Bias::kNone});
    const std::string norm =
        place(b, join("paths.", m, ".bn|convs.", m, ".bn|convs.", m, ".1|", conv, "/bn"));
    u = b.relu(b.batch_norm(u, norm, out));
    inputs.push_back(u);
    const Value pooled = b.node("GlobalAveragePool", {u});
    z = m == 0 ? pooled : b.add(z, pooled);
  }

  const std::string reduce = place(b, join("attn.fc_reduce|fc.0|fc|", prefix, "/B_fc1"));
  const Extent width =
      b.integer("hidden", std::max<Extent>(32, out / b.integer("reduction", 16, 1)), 1);
  const Extent hidden = b.extent(reduce + ".weight", 0, width);
  z = b.conv(z, reduce, {.out = hidden, .in = out, .bias = Bias::kNone});
  const std::string norm = place(b, join("attn.bn|fc.1|", reduce, "/bn"));
  if (b.fresh() || b.has(norm + ".weight")) z = b.relu(b.batch_norm(z, norm, hidden));
  const std::string select = place(b, join("attn.fc_select|fcs.0|", prefix, "/B_fc2"));
  if (select == "fcs.0") {
    std::vector<Value> logits;
    for (Extent m = 0; m < branches; ++m) {
      logits.push_back(b.conv(z, join("fcs.", m), {.out = out, .in = hidden}));
    }
    inputs[0] = b.set("axis", 1).node("Concat", std::move(logits));
  } else {
    inputs[0] = b.conv(z, select, {.out = branches * out, .in = hidden, .bias = Bias::kNone});
  }
  const Value y = b.node("BranchSum", std::move(inputs));
  b.map("branch", b.next_output(), "batch branches channels 1 1");
  b.result(y);
}

}  // namespace heed::attention

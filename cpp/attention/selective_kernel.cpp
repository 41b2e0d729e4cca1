#include "attention/recipes.h"

const char heed::attention::recipes::selective_kernel[] = R"(
layer SelectiveKernel {
  prefix = text("prefix")
  groups = $groups(1)
  fn caffe(m) m ? "{prefix}/3x3g32d{m + 1}" : "{prefix}/3x3g32"
  fn branch(m) find("paths.{m}.conv|convs.{m}.conv|convs.{m}.0|{caffe(m)}")
  first = "{branch(0)}weight"
  branches = $branches(2)
  if !fresh() {
    branches = 1
    while has("{branch(branches)}weight") branches = branches + 1
  }
  parts = $splitInput() ? branches : 1
  channels = fresh() ? channels_of(first, 1) : extent(first, 1, 0) * groups * parts
  out = extent(first, 0, $out(channels))
  if channels % parts wrong("{channels} channels do not divide among {branches} branches")
  # Kernels of one size see further by dilation.
  dilated = 1
  for m branches {
    k = extent("{branch(m)}weight", 3, 3)
    dilated = dilated and k > 1 and k == extent(first, 3, 3)
  }

  x = arg("x", "batch {channels} height width")
  in = channels // parts
  maps = []
  for m branches {
    seen = parts == 1 ? x : Slice(x, [m * in], [(m + 1) * in], [1])
    u = conv(seen, branch(m), out, in, kernel=3, groups=groups, stride=$stride(1),
             dilation=dilated ? 1 + m : 1, bias=0)
    u = Relu(norm(u, find("paths.{m}.bn|convs.{m}.bn|convs.{m}.1|{caffe(m)}/bn"), out))
    maps = maps + [u]
    pooled = GlobalAveragePool(u)
    z = m ? z + pooled : pooled
  }

  reduce = find("attn.fc_reduce|fc.0|fc|{prefix}/B_fc1")
  hidden = extent("{reduce}weight", 0, $hidden(max(32, out // $reduction(16))))
  z = conv(z, reduce, hidden, out, bias=0)
  after = find("attn.bn|fc.1|{prefix}/B_fc1/bn")
  if fresh() or has("{after}weight") z = Relu(norm(z, after, hidden))
  select = find("attn.fc_select|fcs.0|{prefix}/B_fc2")
  if select == "fcs.0." {
    logits = []
    for m branches logits = logits + [conv(z, "fcs.{m}.", out, hidden)]
    z = Concat(logits, axis=1)
  } else z = conv(z, select, branches * out, hidden, bias=0)
  y = BranchSum(z, maps)
  map("branch", next(), "batch branches channels 1 1")
  result(y)
}
)";

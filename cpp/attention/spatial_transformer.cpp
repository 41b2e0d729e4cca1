#include "attention/spatial_transformer.h"

namespace heed::attention {

namespace {

Value sample(Builder& b, Value x, Value grid) {
  static constexpr const char* kModes[] = {"linear", "nearest", "cubic"};
  static constexpr const char* kPaddings[] = {"zeros", "border", "reflection"};
  return b.set_text("mode", kModes[b.choice("mode", "bilinear|nearest|bicubic")])
      .set_text("padding_mode", kPaddings[b.choice("padding", "zeros|border|reflection")])
      .set("align_corners", b.flag("alignCorners"))
      .node("GridSample", {x, grid});
}

}  // namespace

Value affine_grid(Builder& b, Value theta, Value size, bool align_corners) {
  const Value batch = b.set("end", 1).node("Shape", {theta});
  const Value sizes = b.concat({batch, b.integers({1}), size}, 0);
  return b.set("align_corners", align_corners).node("AffineGrid", {theta, sizes});
}

void build_affine_grid(Builder& b) {
  const bool volume = b.numbers("size").size() == 3;
  const Value theta = b.argument("theta", volume ? "batch 3 4" : "batch 2 3");
  if (!b.has_option("size")) b.fail(Code::kInvalidArgument, "it needs the option 'size'");
  const Value size = b.integers(b.per_axis("size", volume ? 3 : 2, 1, 1));
  b.result(affine_grid(b, theta, size, b.flag("alignCorners")), "grid");
}

void build_grid_sample(Builder& b) {
  const Value x = b.argument("x", "batch channels *");
  b.result(sample(b, x, b.argument("grid", "batch *")));
}

void build_spatial_transformer(Builder& b) {
  const Value x = b.argument("x", "batch channels height width");
  const Value theta = b.argument("theta", "batch 2 3");
  const Value size = b.has_option("size") ? b.integers(b.per_axis("size", 2, 1, 1)) : b.size_of(x);
  const Value grid = affine_grid(b, theta, size, b.flag("alignCorners"));
  b.map("region", theta, "batch 2 3", "theta");
  b.map("region", grid, "batch height width 2", "grid");
  b.result(sample(b, x, grid));
}

}  // namespace heed::attention

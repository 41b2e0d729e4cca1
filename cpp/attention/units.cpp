// What most recipes are made of: layers with weights, and a few nodes that go together.
#include "attention/recipes.h"

const char heed::attention::recipes::units[] = R"(
# The extent of a weight; where there is none the option says it.
fn told_by(name, axis, option) told(option, 0, has(name) ? extent(name, axis) : 0)
fn channels_of(name, axis) told_by(name, axis, "channels")

# A new layer has a bias unless `bias` or the option is 0.
fn bias_of(place, out, bias) optional("{place}bias", [out], bias != 0 and $bias(1, 0))

# An extent of 0 is taken from the weight; `kernel`, a number or a list, is for new layers, and so is
# the number of spatial `axes`. Without `padding`, or with -1, the size stays.
fn conv(x, place, out, in, kernel, groups, stride, dilation, padding, axes, bias) {
  name = "{place}weight"
  groups = groups or 1
  dilation = dilation or 1
  rank = rank(name)
  out = out or extent(name, 0)
  in = in or extent(name, 1) * groups
  if in % groups or out % groups
    wrong("{in} input and {out} output channels do not divide into {groups} groups")
  shape = [out, in // groups]
  pads = [] strides = [] dilations = []
  for i min(3, rank > 2 ? rank - 2 : axes or 2) {
    k = extent(name, 2 + i, kernel[i] or 1)
    shape = shape + [k]
    pads = pads + [padding == none or padding < 0 ? dilation * (k - 1) // 2 : padding]
    strides = strides + [stride or 1]
    dilations = dilations + [dilation]
  }
  Conv(x, weight(name, shape), bias_of(place, out, bias),
       group=groups, pads=pads + pads, strides=strides, dilations=dilations)
}

# y = x W^T + b over the last axis; W (out, in).
fn linear(x, place, out, in, bias)
  MatMul(x, weight("{place}weight", [out, in]), bias_of(place, out, bias), transB=1)

# Batch norm over axis 1, epsilon as PyTorch's.
fn norm(x, place, channels, epsilon) {
  ignore("{place}num_batches_tracked")
  BatchNormalization(x, weight("{place}weight", [channels], 2), weight("{place}bias", [channels], 1),
                     weight("{place}running_mean", [channels], 1),
                     weight("{place}running_var", [channels], 2),
                     epsilon=epsilon == none ? 1e-5 : epsilon)
}
# The same where the weights have one.
fn maybe_norm(x, place, channels)
  fresh() or has("{place}weight") ? norm(x, place, channels) : x

# Over the last axis.
fn layer_norm(x, place, width, epsilon)
  LayerNormalization(x, weight("{place}weight", [width], 2), optional("{place}bias", [width], 1, 1),
                     epsilon=epsilon == none ? 1e-5 : epsilon, axis=-1)

# Scaled dot-product attention; without a scale, or with 0, that is 1 / sqrt(width).
fn attend(q, k, v, mask, form, heads, scale)
  ScaledDotProduct(q, k, v, mask, form=form or "tokens", heads=heads or 1, scale=scale or none,
                   empty_rows="zero")

# --- Channel gates ---
# Weight and bias of a full connection.
fn connected(place, out, in) [weight("{place}weight", [out, in]), bias_of(place, out)]
# A layer that is a PooledGate.
fn gated(y, shape) {
  map("channel", next(), shape or "batch channels *")
  result(y)
}

# --- Extents and sizes, as integers ---
fn extent_of(x, axis) Shape(x, start=axis, end=axis + 1)
fn size(x) Shape(x, start=2, end=4)
fn real(x) Cast(x, to=1)
fn count_up(limit) Range([0], limit, [1])
# x in another shape: first the extents `front`, then `rest`.
fn reshape_behind(x, front, rest) Reshape(x, Concat(front, rest, axis=0))

fn resize(x, size, coordinates)
  Resize(x, none, none, Concat(Shape(x, end=2), size, axis=0), mode="linear",
         coordinate_transformation_mode=coordinates, nearest_mode="floor")
# Bilinear, with the corners kept, to `factor` times the size.
fn upsample(x, factor) resize(x, size(x) * [factor, factor], "align_corners")
)";

// The builder's weights, and the layers that are made of nothing else.
#include <algorithm>
#include <cmath>

#include "attention/builder.h"
#include "attention/construction.h"
#include "base/counter_hash.h"

namespace heed::attention {

namespace {

// Whether the shapes are equal up to axes of extent 1 at their ends.
bool same_up_to_ones(const Shape& a, const Shape& b) {
  const auto extent = [](const Shape& shape, int axis) {
    return axis < shape.rank() ? shape[axis] : 1;
  };
  for (int axis = 0; axis < kMaxRank; ++axis) {
    if (extent(a, axis) != extent(b, axis)) return false;
  }
  return true;
}

}  // namespace

std::string Builder::full_name(std::string_view name) const { return join(prefix_, name); }

namespace {

// The name of a weight of the layer at that place; the place may be the scope itself.
std::string below(std::string_view place, const char* name) {
  return place.empty() ? std::string(name) : join(place, ".", name);
}

}  // namespace

bool Builder::fresh() const { return c_.weights == nullptr; }

const NamedWeight* Builder::lookup(std::string_view name) const {
  if (fresh()) return nullptr;
  const std::string full = full_name(name);
  const auto found = std::lower_bound(
      c_.weights->begin(), c_.weights->end(), full,
      [](const NamedWeight& weight, const std::string& wanted) { return weight.name < wanted; });
  return found != c_.weights->end() && found->name == full ? &*found : nullptr;
}

bool Builder::has(std::string_view name) const { return lookup(name) != nullptr; }

bool Builder::has_below(std::string_view prefix) const {
  if (fresh()) return false;
  const std::string full = full_name(prefix);
  return std::any_of(c_.weights->begin(), c_.weights->end(), [&](const NamedWeight& weight) {
    return weight.name.compare(0, full.size(), full) == 0;
  });
}

std::string_view Builder::find(std::string_view names) const {
  const std::string_view first = names.substr(0, names.find('|'));
  while (!names.empty()) {
    const size_t end = std::min(names.find('|'), names.size());
    const std::string_view name = names.substr(0, end);
    if (has(below(name, "weight"))) return name;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return first;
}

Extent Builder::extent(std::string_view name, int axis, Extent fallback) const {
  const NamedWeight* found = lookup(name);
  Extent extent = fallback;
  if (found) extent = axis < found->value->shape.rank() ? found->value->shape[axis] : 1;
  return std::max<Extent>(1, extent);
}

int Builder::rank(std::string_view name) const {
  const NamedWeight* found = lookup(name);
  return found ? found->value->shape.rank() : 0;
}

Extent Builder::told(const char* option, Extent fallback, Extent found) {
  const Extent given = integer(option, 0, 1);
  if (found > 0 && given > 0 && found != given) {
    fail(Code::kWrongValue, "the option '", option, "' is ", given, ", the weights say ", found);
  }
  if (found > 0 || given > 0) return found > 0 ? found : given;
  if (fresh() && fallback == 0) {
    fail(Code::kInvalidArgument, "a new layer needs the option '", option, "'");
  }
  return std::max<Extent>(1, fallback);
}

Extent Builder::extent_or_option(std::string_view name, int axis, const char* option) {
  return told(option, 0, has(name) ? extent(name, axis) : 0);
}

ConstantPtr Builder::raw_weight(std::string_view name) {
  const NamedWeight* found = lookup(name);
  if (!found) {
    if (!fresh()) c_.missing.append(", ").append(full_name(name));
    return nullptr;
  }
  c_.used[static_cast<size_t>(found - c_.weights->data())] = true;
  return found->value;
}

void Builder::ignore(std::string_view name) {
  if (has(name)) raw_weight(name);
}

Value Builder::weight(std::string_view name, const Shape& shape, Fill fill) {
  Shape wanted;
  for (Extent extent : shape) wanted.push_back(std::max<Extent>(1, extent));
  if (fresh()) {
    std::vector<int64_t> dims(wanted.begin(), wanted.end());
    if (const auto checked = Shape::make(dims); !checked.ok()) {
      fail(checked.status().code, "the weight '", name, "': ", checked.status().message);
      return scalar(0);
    }
    const NewConstant made = make_constant(DType::kF32, wanted);
    const std::string full = full_name(name);
    const uint32_t key = counter_hash_key(full, counter_hash_key(join(integer("seed", 0), ".")));
    const float bound = 1 / std::sqrt(static_cast<float>(wanted.count(1, wanted.rank())));
    for (Extent i = 0; i < wanted.count(); ++i) {
      made.values<float>()[i] = fill == Fill::kUniform
                                    ? counter_hash_unit(key, static_cast<uint32_t>(i)) * bound
                                    : static_cast<float>(fill == Fill::kOnes);
    }
    return c_.graph.add_constant(full, made.constant);
  }
  const ConstantPtr value = raw_weight(name);
  if (!value) return scalar(0);
  const std::string full = full_name(name);
  if (!same_up_to_ones(value->shape, shape) || value->dtype != DType::kF32) {
    c_.wrong.append(join(", ", full, " ", dtype_name(value->dtype), " ", value->shape,
                         " (expected float32 ", wanted, ")"));
    return scalar(0);
  }
  const auto index = static_cast<size_t>(lookup(name) - c_.weights->data());
  Value& known = c_.weight_tensors[index];
  if (known != kNoTensor && c_.graph.constant(known)->shape == wanted) return known;
  // Other graphs may read the same memory, so that no pass may compute in it.
  auto shared = std::make_shared<Constant>(*value);
  shared->shape = wanted;
  shared->writable = false;
  return known = c_.graph.add_constant(full, std::move(shared));
}

Value Builder::optional_weight(std::string_view name, const Shape& shape, bool new_has, Fill fill) {
  return (fresh() ? new_has : has(name)) ? weight(name, shape, fill) : kNoTensor;
}

Value Builder::conv(Value x, std::string_view name, const Convolution& convolution) {
  const std::string weight_name = below(name, "weight");
  const Extent groups = std::max<Extent>(1, convolution.groups);
  const int given = rank(weight_name);
  const int axes = std::clamp(given >= 3 ? given - 2 : convolution.axes, 1, 3);
  const Extent out = convolution.out > 0 ? convolution.out : extent(weight_name, 0);
  const Extent in = convolution.in > 0 ? convolution.in : extent(weight_name, 1) * groups;
  Extent kernel[3];
  for (int i = 0; i < 3; ++i) {
    kernel[i] = extent(weight_name, 2 + i, i < 2 ? convolution.kernel[i] : 1);
  }
  if (in % groups != 0 || out % groups != 0) {
    fail(Code::kWrongValue, in, " input and ", out, " output channels do not divide into ", groups,
         " groups");
  }
  const Extent per_group = in / groups;
  const Value weights =
      axes == 1   ? weight(weight_name, {out, per_group, kernel[0]})
      : axes == 2 ? weight(weight_name, {out, per_group, kernel[0], kernel[1]})
                  : weight(weight_name, {out, per_group, kernel[0], kernel[1], kernel[2]});
  const bool new_bias = convolution.bias == Bias::kAsGiven && flag("bias", true);
  const Value bias = optional_weight(below(name, "bias"), {out}, new_bias, Fill::kUniform);
  std::vector<int64_t> pads, strides, dilations;
  for (int i = 0; i < 2 * axes; ++i) {
    const Extent same = convolution.dilation * (kernel[i % axes] - 1) / 2;
    pads.push_back(convolution.padding < 0 ? same : convolution.padding);
    if (i >= axes) continue;
    strides.push_back(convolution.stride);
    dilations.push_back(convolution.dilation);
  }
  return set("group", groups)
      .set_list("pads", std::move(pads))
      .set_list("strides", std::move(strides))
      .set_list("dilations", std::move(dilations))
      .node("Conv", {x, weights, bias});
}

void Builder::connection(std::string_view name, Extent out, Extent in, Bias bias, Value* values) {
  values[0] = weight(below(name, "weight"), {out, in});
  const bool new_bias = bias == Bias::kAsGiven && flag("bias", true);
  values[1] = optional_weight(below(name, "bias"), {out}, new_bias, Fill::kUniform);
}

Value Builder::linear(Value x, std::string_view name, Extent out, Extent in, Bias bias) {
  Value weights[2];
  connection(name, out, in, bias, weights);
  return set("transB", 1).node("MatMul", {x, weights[0], weights[1]});
}

Value Builder::batch_norm(Value x, std::string_view name, Extent channels, float epsilon) {
  ignore(below(name, "num_batches_tracked"));
  const Value gain = weight(below(name, "weight"), {channels}, Fill::kOnes);
  const Value bias = weight(below(name, "bias"), {channels}, Fill::kZeros);
  const Value mean = weight(below(name, "running_mean"), {channels}, Fill::kZeros);
  const Value variance = weight(below(name, "running_var"), {channels}, Fill::kOnes);
  return set_real("epsilon", epsilon).node("BatchNormalization", {x, gain, bias, mean, variance});
}

Value Builder::optional_batch_norm(Value x, std::string_view name, Extent channels, bool new_has) {
  const bool there = fresh() ? new_has : has(below(name, "weight"));
  return there ? batch_norm(x, name, channels) : x;
}

Value Builder::layer_norm(Value x, std::string_view name, Extent width, float epsilon) {
  const Value gain = weight(below(name, "weight"), {width}, Fill::kOnes);
  const Value bias = optional_weight(below(name, "bias"), {width});
  return set_real("epsilon", epsilon).set("axis", -1).node("LayerNormalization", {x, gain, bias});
}

}  // namespace heed::attention

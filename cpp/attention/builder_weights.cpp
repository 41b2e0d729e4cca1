// The builder's weights.
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

bool Builder::has_below(const std::string& prefix) const {
  if (fresh()) return false;
  const std::string full = full_name(prefix);
  return std::any_of(c_.weights->begin(), c_.weights->end(), [&](const NamedWeight& weight) {
    return weight.name.compare(0, full.size(), full) == 0;
  });
}

std::string Builder::find(const std::string& names) const {
  std::string_view rest = names;
  for (;;) {
    const std::string_view name = rest.substr(0, rest.find('|'));
    if (has(name.empty() ? "weight" : join(name, ".weight"))) return std::string(name);
    if (name.size() == rest.size()) return names.substr(0, names.find('|'));
    rest.remove_prefix(name.size() + 1);
  }
}

Extent Builder::extent(const std::string& name, int axis, Extent fallback) const {
  const NamedWeight* found = lookup(name);
  Extent extent = fallback;
  if (found) extent = axis < found->value->shape.rank() ? found->value->shape[axis] : 1;
  return std::max<Extent>(1, extent);
}

int Builder::rank(const std::string& name) const {
  const NamedWeight* found = lookup(name);
  return found ? found->value->shape.rank() : 0;
}

Extent Builder::told(const std::string& option, Extent fallback, Extent found) {
  const Extent given = integer(option, 0, 1);
  if (found > 0 && given > 0 && found != given) {
    fail_option(option, join("is ", given, ", the weights say ", found));
  }
  if (found > 0 || given > 0) return found > 0 ? found : given;
  if (fresh() && fallback == 0) {
    fail(Code::kInvalidArgument, join("a new layer needs the option '", option, "'"));
  }
  return std::max<Extent>(1, fallback);
}

ConstantPtr Builder::raw_weight(const std::string& name) {
  const NamedWeight* found = lookup(name);
  if (!found) {
    if (!fresh()) c_.missing.append(", ").append(full_name(name));
    return nullptr;
  }
  c_.used[static_cast<size_t>(found - c_.weights->data())] = true;
  return found->value;
}

Value Builder::weight(const std::string& name, const Shape& shape, Fill fill) {
  Shape wanted;
  for (Extent extent : shape) wanted.push_back(std::max<Extent>(1, extent));
  if (fresh()) {
    std::vector<int64_t> dims(wanted.begin(), wanted.end());
    if (const auto checked = Shape::make(dims); !checked.ok()) {
      fail(checked.status().code,
           join("the weight '", name, "': ", std::string_view(checked.status().message)));
      return scalar(0);
    }
    const NewConstant made = make_constant(DType::kF32, wanted);
    const std::string full = full_name(name);
    const uint32_t key = counter_hash_key(full, counter_hash_key(join(c_.seed, ".")));
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

}  // namespace heed::attention

#include "graph/graph.h"

#include <cstring>

namespace heed {

NewConstant make_constant(DType dtype, const Shape& shape) {
  auto constant = std::make_shared<Constant>();
  constant->dtype = dtype;
  constant->shape = shape;
  // Whole vectors may be read at the end; a zero-sized constant still has an address.
  const size_t bytes = (constant->bytes() + 16) & ~size_t{15};
  std::shared_ptr<std::byte> memory(static_cast<std::byte*>(::operator new(bytes)),
                                    [](std::byte* p) { ::operator delete(p); });
  constant->data = memory.get();
  constant->writable = true;
  std::byte* data = memory.get();
  constant->owner = std::move(memory);
  return {std::move(constant), data};
}

ConstantPtr make_constant(std::span<const float> values, const Shape& shape) {
  NewConstant made = make_constant(DType::kF32, shape);
  if (!values.empty()) std::memcpy(made.data, values.data(), values.size_bytes());
  return made.constant;
}

ConstantPtr make_constant(std::span<const int64_t> values, const Shape& shape) {
  NewConstant made = make_constant(DType::kI64, shape);
  if (!values.empty()) std::memcpy(made.data, values.data(), values.size_bytes());
  return made.constant;
}

void Attributes::set(std::string_view name, AttributeValue value) {
  for (Entry& entry : entries_) {
    if (entry.name == name) {
      entry.value = std::move(value);
      return;
    }
  }
  entries_.push_back({std::string(name), std::move(value)});
}

const AttributeValue* Attributes::find(const char* name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

namespace {

template <class T>
const T* find_as(const Attributes& attributes, const char* name) {
  const AttributeValue* value = attributes.find(name);
  return value ? std::get_if<T>(value) : nullptr;
}

}  // namespace

int64_t Attributes::integer(const char* name, int64_t fallback) const {
  const auto* value = find_as<int64_t>(*this, name);
  return value ? *value : fallback;
}

float Attributes::real(const char* name, float fallback) const {
  if (const auto* whole = find_as<int64_t>(*this, name)) return static_cast<float>(*whole);
  const auto* value = find_as<float>(*this, name);
  return value ? *value : fallback;
}

std::string_view Attributes::text(const char* name, std::string_view fallback) const {
  const auto* value = find_as<std::string>(*this, name);
  return value ? std::string_view(*value) : fallback;
}

std::span<const int64_t> Attributes::integers(const char* name) const {
  const auto* value = find_as<std::vector<int64_t>>(*this, name);
  return value ? std::span<const int64_t>(*value) : std::span<const int64_t>();
}

std::span<const float> Attributes::reals(const char* name) const {
  const auto* value = find_as<std::vector<float>>(*this, name);
  return value ? std::span<const float>(*value) : std::span<const float>();
}

ConstantPtr Attributes::tensor(const char* name) const {
  const auto* value = find_as<ConstantPtr>(*this, name);
  return value ? *value : nullptr;
}

std::shared_ptr<const Graph> Attributes::graph(const char* name) const {
  const auto* value = find_as<std::shared_ptr<const Graph>>(*this, name);
  return value ? *value : nullptr;
}

TensorId Graph::add_tensor(std::string name, DType dtype) {
  Tensor tensor;
  tensor.name = std::move(name);
  tensor.dtype = dtype;
  tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(tensors.size() - 1);
}

TensorId Graph::add_constant(std::string name, ConstantPtr constant) {
  const TensorId id = add_tensor(std::move(name), constant->dtype);
  tensors.back().constant = std::move(constant);
  return id;
}

std::string declared_shape(const std::vector<Dimension>& dims, bool more_axes) {
  std::string text = "(";
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (axis > 0) text.append(", ");
    if (dims[axis].extent >= 0) {
      append_text(text, dims[axis].extent);
    } else {
      text.append(dims[axis].name.empty() ? "?" : dims[axis].name);
    }
  }
  if (more_axes) text.append(", ...");
  text.push_back(')');
  return text;
}

bool fits(const Shape& shape, const std::vector<Dimension>& dims, bool more_axes) {
  const auto rank = static_cast<size_t>(shape.rank());
  bool fits = more_axes ? rank >= dims.size() : rank == dims.size();
  for (size_t axis = 0; fits && axis < dims.size(); ++axis) {
    fits = dims[axis].extent < 0 || dims[axis].extent == shape[static_cast<int>(axis)];
  }
  return fits;
}

}  // namespace heed

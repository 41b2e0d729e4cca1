#include "graph/node_reader.h"

#include <cstring>

#include "graph/operator.h"

namespace heed {

Integers::Integers(const Constant* constant) {
  if (!constant || (constant->dtype != DType::kI64 && constant->dtype != DType::kI32)) return;
  data_ = constant->data;
  size_ = static_cast<size_t>(constant->shape.count());
  wide_ = constant->dtype == DType::kI64;
}

int64_t Integers::operator[](size_t i) const {
  return wide_ ? static_cast<const int64_t*>(data_)[i] : static_cast<const int32_t*>(data_)[i];
}

void Dims::add(const Shape& shape, int first, int last) {
  for (int axis = first; axis < last; ++axis) add(shape[axis]);
}

OperatorId NodeReader::id() const { return node_.op->id; }

const TensorInfo& NodeReader::info(int input) const {
  return tensors_[static_cast<size_t>(node_.inputs[static_cast<size_t>(input)])];
}

const Constant* NodeReader::value(int input) const {
  return has(input) ? info(input).value.get() : nullptr;
}

int64_t NodeReader::integer(const char* name, int64_t fallback) const {
  return node_.attributes->integer(name, fallback);
}

float NodeReader::real(const char* name, float fallback) const {
  return node_.attributes->real(name, fallback);
}

Integers NodeReader::integers(const char* name) const { return node_.attributes->integers(name); }

int NodeReader::choice(const char* name, const char* choices) {
  const AttributeValue* given = node_.attributes->find(name);
  const std::string* text = given ? std::get_if<std::string>(given) : nullptr;
  if (!text) return 0;
  const char* at = choices;
  for (int index = 0;; ++index) {
    const size_t length = std::strcspn(at, "|");
    if (*text == std::string_view(at, length)) return index;
    if (at[length] == 0) break;
    at += length + 1;
  }
  fail(Code::kInvalidGraph, "% is '%', expected one of %", name, std::string_view(*text), choices);
  return 0;
}

Integers NodeReader::list(int input, const char* attribute) const {
  return has(input) ? Integers(value(input)) : integers(attribute);
}

int NodeReader::checked_axis(int64_t given, int rank) {
  if (given >= -rank && given < rank) return static_cast<int>(given < 0 ? given + rank : given);
  fail(Code::kInvalidGraph, "axis % is outside -%..%", given, rank, rank - 1);
  return 0;
}

bool NodeReader::axes(const Integers& given, int rank, AxisSet& set, int* ordered) {
  set = 0;
  for (size_t i = 0; i < given.size(); ++i) {
    const int axis = checked_axis(given[i], rank);
    if (!ok()) return false;
    if (contains(set, axis)) {
      fail(Code::kInvalidGraph, "axis % is named twice", axis);
      return false;
    }
    set |= AxisSet{1} << axis;
    if (ordered) ordered[i] = axis;
  }
  return true;
}

bool NodeReader::make_shape(const Dims& dims, Shape& shape) {
  Result<Shape> made = Shape::make({dims.extents, static_cast<size_t>(dims.rank)});
  shape = made.value();
  if (ok()) status_ = made.status();
  return ok();
}

bool NodeReader::read_dims(const Integers& given, Dims& dims) {
  if (given.size() > kMaxRank) {
    fail(Code::kWrongShape, "rank % is above the limit of %", given.size(), kMaxRank);
    return false;
  }
  for (size_t i = 0; i < given.size(); ++i) dims.add(given[i]);
  return true;
}

bool NodeReader::broadcast_shapes(const Shape& a, const Shape& b, Shape& both) {
  Result<Shape> made = broadcast(a, b);
  both = made.value();
  if (ok()) status_ = made.status();
  return ok();
}

void NodeReader::expect_broadcast(const Shape& from, const Shape& to) {
  const Result<Shape> both = broadcast(from, to);
  if (!both.ok() || !(both.value() == to)) {
    fail(Code::kWrongShape, "the shape % does not broadcast to %", from, to);
  }
}

void NodeReader::keep_error(Code code, const char* format, std::initializer_list<TextPart> parts) {
  if (!ok()) return;
  std::string text;
  const TextPart* part = parts.begin();
  for (; *format; ++format) {
    if (*format == '%') {
      append_text(text, *part++);
    } else {
      text.push_back(*format);
    }
  }
  status_ = {code, ErrorText(std::move(text))};
}

}  // namespace heed

#include "formats/onnx_weights.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>

namespace heed::onnx {

Result<DType> stored_type(int64_t type) {
  switch (type) {
    case kFloat:
    case kFloat16:
    case kBfloat16:
    case kDouble:
      return DType::kF32;
    case kInt64:
    case kUint32:
    case kUint64:
      return DType::kI64;
    case kInt32:
    case kInt16:
    case kUint16:
      return DType::kI32;
    case kUint8:
      return DType::kU8;
    case kInt8:
      return DType::kI8;
    case kBoolean:
      return DType::kBool;
    default:
      return error(Code::kUnsupportedType, "elements of ", element_type_name(type),
                   " are not supported");
  }
}

namespace {

// Bytes of one element as ONNX stores it.
size_t file_size(int64_t type) {
  switch (type) {
    case kInt64:
    case kUint64:
    case kDouble:
      return 8;
    case kFloat:
    case kInt32:
    case kUint32:
      return 4;
    case kFloat16:
    case kBfloat16:
    case kInt16:
    case kUint16:
      return 2;
    default:
      return 1;
  }
}

// Stored in the graph bit for bit as in the file.
bool same_bits(int64_t type) {
  return type == kFloat || type == kInt64 || type == kInt32 || type == kUint8 || type == kInt8;
}

float bfloat16_to_float(uint16_t bits) {
  const uint32_t wide = uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

// Large finite numbers stay finite: exporters write the lowest float64 for "minus infinity" in
// masks, and a true infinity would turn fully masked rows into NaN.
float double_to_float(double value) {
  if (std::isinf(value)) return static_cast<float>(value);
  return static_cast<float>(std::clamp(value, double{-FLT_MAX}, double{FLT_MAX}));
}

template <class From, class To, class Convert>
void convert_bytes(std::string_view bytes, std::byte* out, Convert convert) {
  To* to = reinterpret_cast<To*>(out);
  for (size_t i = 0; i < bytes.size() / sizeof(From); ++i) {
    From value;
    std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
    to[i] = convert(value);
  }
}

template <class From, class To>
void widen_bytes(std::string_view bytes, std::byte* out) {
  convert_bytes<From, To>(bytes, out, [](From value) { return static_cast<To>(value); });
}

Status convert_raw(int64_t type, std::string_view bytes, std::byte* out) {
  switch (type) {
    case kFloat16:
      convert_bytes<uint16_t, float>(bytes, out, half_to_float);
      break;
    case kBfloat16:
      convert_bytes<uint16_t, float>(bytes, out, bfloat16_to_float);
      break;
    case kDouble:
      convert_bytes<double, float>(bytes, out, double_to_float);
      break;
    case kUint16:
      widen_bytes<uint16_t, int32_t>(bytes, out);
      break;
    case kInt16:
      widen_bytes<int16_t, int32_t>(bytes, out);
      break;
    case kUint32:
      widen_bytes<uint32_t, int64_t>(bytes, out);
      break;
    case kUint64: {
      bool fits = true;
      convert_bytes<uint64_t, int64_t>(bytes, out, [&](uint64_t value) {
        fits = fits && value <= uint64_t{INT64_MAX};
        return static_cast<int64_t>(value);
      });
      if (!fits)
        return error(Code::kUnsupportedType, "it has uint64 values that int64 cannot hold");
      break;
    }
    case kBoolean:
      convert_bytes<uint8_t, uint8_t>(bytes, out, [](uint8_t v) { return uint8_t{v != 0}; });
      break;
    default:
      if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  }
  return {};
}

// Elements from int32_data, int64_data and uint64_data.
void convert_integers(int64_t type, std::span<const int64_t> values, std::byte* out) {
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t value = values[i];
    switch (type) {
      case kFloat16:
        reinterpret_cast<float*>(out)[i] = half_to_float(static_cast<uint16_t>(value));
        break;
      case kBfloat16:
        reinterpret_cast<float*>(out)[i] = bfloat16_to_float(static_cast<uint16_t>(value));
        break;
      case kInt64:
      case kUint32:
      case kUint64:
        reinterpret_cast<int64_t*>(out)[i] = value;
        break;
      case kInt32:
      case kInt16:
      case kUint16:
        reinterpret_cast<int32_t*>(out)[i] = static_cast<int32_t>(value);
        break;
      case kBoolean:
        reinterpret_cast<uint8_t*>(out)[i] = value != 0;
        break;
      default:
        reinterpret_cast<uint8_t*>(out)[i] = static_cast<uint8_t>(value);
    }
  }
}

Status wrong_size(const Shape& shape, size_t elements) {
  return error(Code::kInvalidFile, "its shape ", shape.text(), " means ", shape.count(),
               " elements, the file has ", static_cast<uint64_t>(elements));
}

bool parse_decimal(std::string_view text, uint64_t& value) {
  value = 0;
  for (char c : text) {
    if (c < '0' || c > '9' || value > UINT32_MAX) return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

std::string_view without_dot_slash(std::string_view location) {
  return location.substr(0, 2) == "./" ? location.substr(2) : location;
}

}  // namespace

Result<ConstantPtr> Weights::constant(const TensorMessage& tensor) {
  const Result<DType> dtype = stored_type(tensor.type);
  if (!dtype.ok()) return dtype.status();
  if (tensor.segmented)
    return error(Code::kInvalidFile, "it is stored in segments, which ONNX does not use");
  const Result<Shape> shape = Shape::make(tensor.dims);
  if (!shape.ok()) return shape.status();
  const size_t count = static_cast<size_t>(shape.value().count());

  if (tensor.external) {
    const Result<Bytes> bytes = external_bytes(tensor);
    if (!bytes.ok()) return bytes.status();
    if (bytes.value().missing) return ConstantPtr();
    return from_bytes(tensor, shape.value(), bytes.value());
  }
  if (tensor.floats.empty() && tensor.integers.empty() && tensor.doubles.empty()) {
    const char* end = reinterpret_cast<const char*>(file_.data() + file_.size());
    return from_bytes(tensor, shape.value(), {tensor.raw, end, owner_, options_.may_modify_file});
  }

  const bool real = tensor.type == kFloat;
  const bool wide = tensor.type == kDouble;
  const size_t elements = real   ? tensor.floats.size()
                          : wide ? tensor.doubles.size()
                                 : tensor.integers.size();
  if (elements != count) return wrong_size(shape.value(), elements);
  NewConstant made = make_constant(dtype.value(), shape.value());
  if (real) {
    std::copy(tensor.floats.begin(), tensor.floats.end(), made.values<float>());
  } else if (wide) {
    std::transform(tensor.doubles.begin(), tensor.doubles.end(), made.values<float>(),
                   double_to_float);
  } else {
    convert_integers(tensor.type, tensor.integers, made.data);
  }
  return made.constant;
}

Result<ConstantPtr> Weights::from_bytes(const TensorMessage& tensor, const Shape& shape,
                                        Bytes source) {
  const DType dtype = stored_type(tensor.type).value();
  const size_t element = file_size(tensor.type);
  if (source.bytes.size() / element != static_cast<size_t>(shape.count()) ||
      source.bytes.size() % element != 0) {
    return wrong_size(shape, source.bytes.size() / element);
  }
  if (same_bits(tensor.type)) {
    if (const std::byte* data = aligned(source, std::max<size_t>(4, element))) {
      auto constant = std::make_shared<Constant>();
      constant->dtype = dtype;
      constant->shape = shape;
      constant->data = data;
      constant->owner = std::move(source.owner);
      return ConstantPtr(std::move(constant));
    }
  }
  NewConstant made = make_constant(dtype, shape);
  HEED_TRY(convert_raw(tensor.type, source.bytes, made.data));
  return made.constant;
}

// The bytes where they are, or moved to the nearest aligned place in front; null when they must be
// copied.
const std::byte* Weights::aligned(const Bytes& source, size_t alignment) const {
  const std::string_view bytes = source.bytes;
  // Kernels may read whole vectors at the end of a constant, so some bytes of the file must follow.
  constexpr ptrdiff_t kReadPastEnd = 16;
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  if (bytes.empty() || source.end_of_file - (bytes.data() + bytes.size()) < kReadPastEnd)
    return nullptr;
  const size_t excess = reinterpret_cast<uintptr_t>(data) % alignment;
  if (excess == 0) return data;
  // In front of the bytes are the field's number (a byte) and their count (two bytes or more from
  // 128 on): read, and not needed again.
  if (!source.movable || excess > 3 || bytes.size() < 128) return nullptr;
  auto* target = const_cast<std::byte*>(data) - excess;
  std::memmove(target, data, bytes.size());
  return target;
}

Result<Weights::Bytes> Weights::external_bytes(const TensorMessage& tensor) {
  uint64_t offset = 0, length = 0;
  if (tensor.location.empty() || !parse_decimal(tensor.offset, offset) ||
      !parse_decimal(tensor.length, length)) {
    return error(Code::kInvalidFile, "its entry for external data is damaged");
  }
  const std::string_view location = without_dot_slash(tensor.location);
  for (const ExternalFile& file : options_.external_files) {
    if (without_dot_slash(file.location) != location) continue;
    const std::string_view bytes(reinterpret_cast<const char*>(file.bytes.data()),
                                 file.bytes.size());
    if (offset > bytes.size() || length > bytes.size() - offset) {
      return error(Code::kMissingExternalData, "it lies at byte ", offset, " and following of '",
                   location, "', which has ", static_cast<uint64_t>(bytes.size()),
                   " bytes: truncated, or another file?");
    }
    const size_t taken = tensor.length.empty() ? bytes.npos : static_cast<size_t>(length);
    return Bytes{bytes.substr(static_cast<size_t>(offset), taken), bytes.data() + bytes.size(),
                 file.owner, false};
  }
  if (std::find(missing_files_.begin(), missing_files_.end(), location) == missing_files_.end()) {
    missing_files_.emplace_back(location);
  }
  Bytes missing;
  missing.missing = true;
  return missing;
}

}  // namespace heed::onnx

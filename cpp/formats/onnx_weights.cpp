#include "formats/onnx_weights.h"

#include <algorithm>
#include <cstring>

#include "formats/elements.h"

namespace heed::onnx {

namespace {

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

Result<DType> stored_type(int64_t type) {
  const Storage* storage = storage_of(type);
  if (storage) return storage->dtype;
  return error(Code::kUnsupportedType, "elements of ", element_type_name(type),
               " are not supported");
}

Status Weights::read(const TensorMessage& tensor, ConstantPtr& constant) {
  const Result<DType> dtype = stored_type(tensor.type);
  if (!dtype.ok()) return dtype.status();
  if (tensor.is_segmented())
    return error(Code::kInvalidFile, "it is stored in segments, which ONNX does not use");
  const Result<Shape> made_shape = Shape::make(tensor.dims);
  if (!made_shape.ok()) return made_shape.status();
  const Shape& shape = made_shape.value();
  const auto count = static_cast<size_t>(shape.count());
  const Storage& storage = *storage_of(tensor.type);

  Bytes source;
  source.element = storage.size;
  const auto take = [&](const auto& values) {
    source.bytes = {reinterpret_cast<const char*>(values.data()),
                    values.size() * sizeof(values[0])};
  };
  if (tensor.is_external()) {
    HEED_TRY(external_bytes(tensor, source));
    if (source.missing) return {};
  } else if (tensor.type == kFloat && !tensor.floats.empty()) {
    take(tensor.floats);
  } else if (tensor.type == kDouble && !tensor.doubles.empty()) {
    take(tensor.doubles);
  } else if (tensor.type != kFloat && tensor.type != kDouble && !tensor.integers.empty()) {
    take(tensor.integers);
    source.element = sizeof(int64_t);
  } else {
    source.bytes = tensor.raw;
    source.end_of_file = reinterpret_cast<const char*>(file_.data() + file_.size());
    source.owner = &owner_;
    source.movable = options_.may_modify_file;
  }

  const size_t given = source.bytes.size() / source.element;
  if (given != count || source.bytes.size() % source.element != 0) {
    return error(Code::kInvalidFile, "its shape ", shape, " means ", count,
                 " elements, the file has ", given);
  }
  const bool same = storage.same_bits && source.element == storage.size;
  if (same && source.owner) {
    if (const std::byte* data = aligned(source, std::max<size_t>(4, storage.size))) {
      auto view = std::make_shared<Constant>();
      view->dtype = storage.dtype;
      view->shape = shape;
      view->data = data;
      view->owner = *source.owner;
      view->writable = source.movable;
      constant = std::move(view);
      return {};
    }
  }
  NewConstant made = make_constant(storage.dtype, shape);
  if (same) {
    if (count > 0) std::memcpy(made.data, source.bytes.data(), source.bytes.size());
  } else if (!convert_elements(tensor.type, source.bytes.data(), source.element, count,
                               made.data)) {
    return error(Code::kUnsupportedType, "it has uint64 values that int64 cannot hold");
  }
  constant = std::move(made.constant);
  return {};
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

Status Weights::external_bytes(const TensorMessage& tensor, Bytes& source) {
  std::string_view location, offset_text, length_text;
  for (std::string_view bytes : tensor.external) {
    EntryMessage entry;
    HEED_TRY(read_entry(trail_, bytes, entry));
    if (entry.key == "location") location = without_dot_slash(entry.value);
    if (entry.key == "offset") offset_text = entry.value;
    if (entry.key == "length") length_text = entry.value;
  }
  uint64_t offset = 0, length = 0;
  if (location.empty() || !parse_decimal(offset_text, offset) ||
      !parse_decimal(length_text, length)) {
    return error(Code::kInvalidFile, "its entry for external data is damaged");
  }
  for (const ExternalFile& file : options_.external_files) {
    if (without_dot_slash(file.location) != location) continue;
    const std::string_view bytes(reinterpret_cast<const char*>(file.bytes.data()),
                                 file.bytes.size());
    if (offset > bytes.size() || length > bytes.size() - offset) {
      return error(Code::kMissingExternalData, "it lies at byte ", offset, " and following of '",
                   location, "', which has ", bytes.size(), " bytes: truncated, or another file?");
    }
    const size_t taken = length_text.empty() ? bytes.npos : static_cast<size_t>(length);
    source.bytes = bytes.substr(static_cast<size_t>(offset), taken);
    source.end_of_file = bytes.data() + bytes.size();
    source.owner = &file.owner;
    return {};
  }
  source.missing = true;
  if (std::find(missing_files_.begin(), missing_files_.end(), location) == missing_files_.end()) {
    missing_files_.emplace_back(location);
  }
  return {};
}

}  // namespace heed::onnx

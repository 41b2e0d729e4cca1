#include "formats/protobuf.h"

#include <algorithm>
#include <cstring>
#include <protozero/types.hpp>

#include "formats/varint.h"

namespace heed {

using protozero::pbf_wire_type;

Status Trail::damaged_at(const char* position) const {
  std::string place;
  for (int i = 0; i < std::min(depth_, kMaxDepth); ++i) {
    const Entry& entry = steps_[i];
    place += i == 0 ? ", in " : ".";
    place += entry.field;
    if (entry.number >= 0) place += join("[", entry.number, "]");
  }
  return error(Code::kInvalidFile, "the ONNX file is damaged or truncated at byte ",
               static_cast<int64_t>(position - file_.data()), place);
}

namespace {

// One field as it is in the file. Numbers of fixed size are bytes.
struct RawField {
  uint32_t number;
  pbf_wire_type type;
  uint64_t integer;
  std::string_view bytes;
};

// False when the bytes are no field.
bool read_raw(const char*& position, const char* end, RawField& field) {
  uint64_t key, length;
  if (!read_varint(position, end, key)) return false;
  field.number = static_cast<uint32_t>(key) >> 3;
  field.type = static_cast<pbf_wire_type>(key & 7);
  switch (field.type) {
    case pbf_wire_type::varint:
      return field.number != 0 && read_varint(position, end, field.integer);
    case pbf_wire_type::fixed64:
      length = 8;
      break;
    case pbf_wire_type::fixed32:
      length = 4;
      break;
    case pbf_wire_type::length_delimited:
      if (!read_varint(position, end, length)) return false;
      break;
    default:
      return false;
  }
  if (field.number == 0 || length > static_cast<uint64_t>(end - position)) return false;
  field.bytes = {position, static_cast<size_t>(length)};
  position += length;
  return true;
}

template <class T>
T& member(void* at) {
  return *static_cast<T*>(at);
}

bool append_integers(std::vector<int64_t>& out, const RawField& field) {
  if (field.type == pbf_wire_type::varint) {
    out.push_back(static_cast<int64_t>(field.integer));
    return true;
  }
  const char* position = field.bytes.data();
  const char* const end = position + field.bytes.size();
  for (uint64_t value; position != end;) {
    if (!read_varint(position, end, value)) return false;
    out.push_back(static_cast<int64_t>(value));
  }
  return field.type == pbf_wire_type::length_delimited;
}

template <class T>
bool append_fixed(std::vector<T>& out, std::string_view bytes) {
  if (bytes.size() % sizeof(T) != 0) return false;
  const size_t before = out.size();
  out.resize(before + bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(out.data() + before, bytes.data(), bytes.size());
  return true;
}

// False when the field is of a wire type that the member cannot be read from.
bool store(FieldKind kind, const RawField& field, void* at) {
  const bool delimited = field.type == pbf_wire_type::length_delimited;
  switch (kind) {
    case FieldKind::kBytes:
      member<std::string_view>(at) = field.bytes;
      return delimited;
    case FieldKind::kAllBytes:
      member<std::vector<std::string_view>>(at).push_back(field.bytes);
      return delimited;
    case FieldKind::kInteger:
      member<int64_t>(at) = static_cast<int64_t>(field.integer);
      return field.type == pbf_wire_type::varint;
    case FieldKind::kReal:
      if (field.type != pbf_wire_type::fixed32) return false;
      std::memcpy(at, field.bytes.data(), sizeof(float));
      return true;
    case FieldKind::kIntegers:
      return append_integers(member<std::vector<int64_t>>(at), field);
    case FieldKind::kReals:
      return (delimited || field.type == pbf_wire_type::fixed32) &&
             append_fixed(member<std::vector<float>>(at), field.bytes);
    case FieldKind::kDoubles:
      return (delimited || field.type == pbf_wire_type::fixed64) &&
             append_fixed(member<std::vector<double>>(at), field.bytes);
  }
  return false;
}

}  // namespace

Status read_fields(const Trail& trail, std::string_view message, std::span<const Field> fields,
                   void* out, uint32_t* seen) {
  const char* position = message.data();
  const char* const end = position + message.size();
  while (position != end) {
    const char* const start = position;
    RawField raw = {};
    bool good = read_raw(position, end, raw);
    for (const Field& field : fields) {
      if (!good || field.number != raw.number) continue;
      if (seen) *seen |= uint32_t{1} << field.number;
      good = store(field.kind, raw, static_cast<char*>(out) + field.offset);
    }
    if (!good) return trail.damaged_at(start);
  }
  return {};
}

}  // namespace heed

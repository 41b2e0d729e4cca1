#include "formats/protobuf.h"

#include <algorithm>

#include "base/status.h"

namespace heed {

using protozero::pbf_wire_type;

std::string Trail::text() const {
  std::string out =
      join("byte ", position_ == nullptr ? int64_t{0} : int64_t{position_ - file_.data()});
  const int depth = std::min(depth_reached_, kMaxDepth);
  for (int i = 0; i < depth; ++i) {
    const Entry& entry = steps_[i];
    out += i == 0 ? ", in " : ".";
    out += entry.field;
    if (entry.number >= 0) out += join("[", entry.number, "]");
  }
  return out;
}

bool Message::next() {
  trail_.reached(reader_.data().data());
  if (!reader_.next()) return false;
  if (packed()) {
    const std::string_view rest = reader_.data();
    const char* position = rest.data();
    const char* end = position + rest.size();
    const uint64_t length = protozero::decode_varint(&position, end);
    if (length > static_cast<uint64_t>(end - position)) throw protozero::end_of_buffer_exception{};
  }
  return true;
}

void Message::expect(pbf_wire_type type) const {
  if (!reader_.has_wire_type(type)) throw protozero::unknown_pbf_wire_type_exception{};
}

std::string_view Message::bytes() {
  expect(pbf_wire_type::length_delimited);
  return reader_.get_view();
}

int64_t Message::integer() {
  expect(pbf_wire_type::varint);
  return reader_.get_int64();
}

float Message::real() {
  expect(pbf_wire_type::fixed32);
  return reader_.get_float();
}

void Message::append(std::vector<int64_t>& out) {
  if (!packed()) return out.push_back(integer());
  const std::string_view values = bytes();
  const char* position = values.data();
  const char* end = position + values.size();
  while (position != end)
    out.push_back(static_cast<int64_t>(protozero::decode_varint(&position, end)));
}

namespace {

template <class T>
void append_fixed(std::vector<T>& out, std::string_view values) {
  if (values.size() % sizeof(T) != 0) throw protozero::invalid_length_exception{};
  const size_t before = out.size();
  out.resize(before + values.size() / sizeof(T));
  if (!values.empty()) std::memcpy(out.data() + before, values.data(), values.size());
}

}  // namespace

void Message::append(std::vector<float>& out) {
  if (!packed()) return out.push_back(real());
  append_fixed(out, bytes());
}

void Message::append(std::vector<double>& out) {
  if (packed()) return append_fixed(out, bytes());
  expect(pbf_wire_type::fixed64);
  out.push_back(reader_.get_double());
}

}  // namespace heed

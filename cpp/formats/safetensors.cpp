#include "formats/safetensors.h"

#include <algorithm>
#include <cstring>

#include "base/guarded.h"
#include "base/sort.h"
#include "formats/elements.h"
#include "formats/json_cursor.h"
#include "formats/onnx_messages.h"

namespace heed {

namespace {

struct ElementName {
  std::string_view name;
  int64_t type;  // ONNX's number for it
};

constexpr ElementName kElementNames[] = {
    {"F32", onnx::kFloat},    {"F16", onnx::kFloat16}, {"BF16", onnx::kBfloat16},
    {"F64", onnx::kDouble},   {"I64", onnx::kInt64},   {"I32", onnx::kInt32},
    {"I16", onnx::kInt16},    {"I8", onnx::kInt8},     {"U8", onnx::kUint8},
    {"U16", onnx::kUint16},   {"U32", onnx::kUint32},  {"U64", onnx::kUint64},
    {"BOOL", onnx::kBoolean},
};

// What the header says of a tensor.
struct Entry {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  int64_t begin = -1;
  int64_t end = -1;
};

void read_list(JsonCursor& header, std::vector<int64_t>& values) {
  values.clear();
  if (!header.expect('[')) return;
  for (bool first = true; header.next(']', first);) {
    int64_t value = 0;
    if (header.integer(value)) values.push_back(value);
  }
}

void read_entry(JsonCursor& header, Entry& entry) {
  std::string key;
  std::vector<int64_t> offsets;
  if (!header.expect('{')) return;
  for (bool first = true; header.next('}', first);) {
    if (!header.string(key) || !header.expect(':')) return;
    if (key == "dtype") {
      header.string(entry.dtype);
    } else if (key == "shape") {
      read_list(header, entry.shape);
    } else if (key == "data_offsets") {
      read_list(header, offsets);
    } else {
      header.skip();
    }
  }
  if (offsets.size() != 2) return;
  entry.begin = offsets[0];
  entry.end = offsets[1];
}

Status read_header(std::string_view text, std::vector<Entry>& entries) {
  JsonCursor header(text);
  std::string name;
  header.expect('{');
  for (bool first = true; header.next('}', first);) {
    if (!header.string(name) || !header.expect(':')) break;
    if (name == "__metadata__") {
      header.skip();
      continue;
    }
    Entry& entry = entries.emplace_back();
    entry.name = name;
    read_entry(header, entry);
  }
  if (header.at_end()) return {};
  return error(Code::kInvalidWeights, "not a safetensors file: its header is damaged at byte ",
               8 + header.offset());
}

Status of_tensor(const Entry& entry, const Status& status) {
  return error(status.code, "weight '", entry.name, "': ", status.message);
}

// What an entry says, checked.
struct Layout {
  int64_t type = 0;  // ONNX's number
  Shape shape;
};

Status check_entry(const Entry& entry, Layout& layout) {
  const auto known = std::find_if(std::begin(kElementNames), std::end(kElementNames),
                                  [&](const ElementName& e) { return e.name == entry.dtype; });
  if (known == std::end(kElementNames)) {
    return error(Code::kUnsupportedType, "elements of type '", entry.dtype, "' are not supported");
  }
  const Result<Shape> shape = Shape::make(entry.shape);
  if (!shape.ok()) return error(Code::kInvalidWeights, shape.status().message);
  const int64_t expected = int64_t{shape.value().count()} * storage_of(known->type)->size;
  const int64_t bytes = entry.end - entry.begin;
  if (bytes != expected) {
    return error(Code::kInvalidWeights, "its shape ", shape.value(), " of ", entry.dtype, " takes ",
                 expected, " bytes, its offsets say ", bytes);
  }
  layout = {known->type, shape.value()};
  return {};
}

Status read_tensor(const Entry& entry, std::span<const std::byte> data,
                   const std::shared_ptr<const void>& owner, ConstantPtr& value) {
  Layout layout;
  HEED_TRY(check_entry(entry, layout));
  const Storage& storage = *storage_of(layout.type);
  const std::byte* from = data.data() + entry.begin;
  // Kernels may read whole vectors at the end of a constant.
  constexpr int64_t kReadPastEnd = 16;
  const bool well = reinterpret_cast<uintptr_t>(from) % std::max<size_t>(4, storage.size) == 0 &&
                    static_cast<int64_t>(data.size()) - entry.end >= kReadPastEnd;
  if (storage.same_bits && well) {
    auto view = std::make_shared<Constant>();
    view->dtype = storage.dtype;
    view->shape = layout.shape;
    view->data = from;
    view->owner = owner;
    value = std::move(view);
    return {};
  }
  NewConstant made = make_constant(storage.dtype, layout.shape);
  const auto bytes = static_cast<size_t>(entry.end - entry.begin);
  if (storage.same_bits) {
    if (bytes > 0) std::memcpy(made.data, from, bytes);
  } else if (!convert_elements(layout.type, reinterpret_cast<const char*>(from), storage.size,
                               static_cast<size_t>(layout.shape.count()), made.data)) {
    return error(Code::kUnsupportedType, "it has uint64 values that int64 cannot hold");
  }
  value = std::move(made.constant);
  return {};
}

// Tensors follow one another from the first byte to the last.
Status check_offsets(std::vector<Entry>& entries, uint64_t data_bytes) {
  heap_sort(entries, [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  int64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin < 0 || entry.end < entry.begin) {
      return of_tensor(entry,
                       error(Code::kInvalidWeights, "its data_offsets are missing or wrong"));
    }
    if (entry.begin != at) {
      return of_tensor(entry, error(Code::kInvalidWeights, "it begins at byte ", entry.begin,
                                    entry.begin < at ? ", inside another one that ends at "
                                                     : ", but the one in front of it ends at ",
                                    at));
    }
    at = entry.end;
  }
  if (at == static_cast<int64_t>(data_bytes)) return {};
  return error(Code::kInvalidWeights, "the weights take ", at,
               " bytes behind the header, the file has ", data_bytes,
               at > static_cast<int64_t>(data_bytes) ? ": it is truncated" : "");
}

// Of a file of `file_bytes` bytes that begins with `head`, and how long its header is.
Status read_head(std::span<const std::byte> head, uint64_t file_bytes, std::vector<Entry>& entries,
                 size_t& length) {
  uint64_t header_bytes = 0;
  if (head.size() < sizeof header_bytes) {
    return error(Code::kInvalidWeights, "not a safetensors file: it has ", file_bytes, " bytes");
  }
  std::memcpy(&header_bytes, head.data(), sizeof header_bytes);
  const std::span<const std::byte> rest = head.subspan(sizeof header_bytes);
  if (header_bytes > rest.size()) {
    return error(Code::kInvalidWeights, "not a safetensors file, or truncated: a header of ",
                 header_bytes > INT64_MAX ? INT64_MAX : static_cast<int64_t>(header_bytes),
                 " bytes in a file of ", file_bytes);
  }
  length = static_cast<size_t>(header_bytes);
  HEED_TRY(read_header({reinterpret_cast<const char*>(rest.data()), length}, entries));
  HEED_TRY(check_offsets(entries, file_bytes - sizeof header_bytes - header_bytes));
  heap_sort(entries, [](const Entry& a, const Entry& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.name == b.name; });
  if (twice == entries.end()) return {};
  return error(Code::kInvalidWeights, "weight '", twice->name, "' is there twice");
}

Status read_file(std::span<const std::byte> file, const std::shared_ptr<const void>& owner,
                 NamedWeights& weights) {
  std::vector<Entry> entries;
  size_t length = 0;
  HEED_TRY(read_head(file, file.size(), entries, length));
  const std::span<const std::byte> data = file.subspan(sizeof(uint64_t) + length);
  for (const Entry& entry : entries) {
    NamedWeight& weight = weights.emplace_back();
    weight.name = entry.name;
    const Status status = read_tensor(entry, data, owner, weight.value);
    if (!status.ok()) return of_tensor(entry, status);
  }
  return {};
}

Status check_head(std::span<const std::byte> head, uint64_t file_bytes) {
  std::vector<Entry> entries;
  size_t length = 0;
  HEED_TRY(read_head(head, file_bytes, entries, length));
  for (const Entry& entry : entries) {
    Layout layout;
    const Status status = check_entry(entry, layout);
    if (!status.ok()) return of_tensor(entry, status);
  }
  return {};
}

Status within_memory(FunctionRef<Status()> body) {
  Status status;
  if (enough_memory_for([&] { status = body(); })) return status;
  return error(Code::kOutOfMemory, "not enough memory to read the weights");
}

}  // namespace

Result<NamedWeights> read_safetensors(std::span<const std::byte> file,
                                      std::shared_ptr<const void> owner) {
  Result<NamedWeights> result = NamedWeights();
  HEED_TRY(within_memory([&] { return read_file(file, owner, result.value()); }));
  return result;
}

Status check_safetensors(std::span<const std::byte> head, uint64_t file_bytes) {
  return within_memory([&] { return check_head(head, file_bytes); });
}

}  // namespace heed

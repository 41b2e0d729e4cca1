// Mutations that keep a file ONNX: fields are changed, copied, moved and deleted in the tree of
// messages, and lengths come out right. Changing bytes, as libFuzzer does alone, rarely gets past
// the reader.
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "graph/operator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

enum Type : uint8_t {
  kLeaf,
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kValue,
  kTypeProto,
  kTensorType,
  kShape,
  kDimension,
  kOpset
};

// The message in field `field` of a message, kLeaf when it is none.
Type child_type(Type type, uint32_t field) {
  struct Rule {
    Type type;
    uint32_t field;
    Type child;
  };
  constexpr Rule kRules[] = {
      {kModel, 7, kGraph},     {kModel, 8, kOpset},          {kGraph, 1, kNode},
      {kGraph, 5, kTensor},    {kGraph, 11, kValue},         {kGraph, 12, kValue},
      {kNode, 5, kAttribute},  {kAttribute, 5, kTensor},     {kAttribute, 6, kGraph},
      {kValue, 2, kTypeProto}, {kTypeProto, 1, kTensorType}, {kTensorType, 2, kShape},
      {kShape, 1, kDimension},
  };
  for (const Rule& rule : kRules) {
    if (rule.type == type && rule.field == field) return rule.child;
  }
  return kLeaf;
}

struct Field {
  uint32_t number = 0;
  uint8_t wire = 0;
  Type type = kLeaf;  // of the message in it
  uint64_t integer = 0;
  std::string bytes;
  std::vector<Field> fields;
};

bool read_varint(const uint8_t*& at, const uint8_t* end, uint64_t& value) {
  value = 0;
  for (int shift = 0; at < end && shift < 64; shift += 7) {
    const uint8_t byte = *at++;
    value |= uint64_t{byte & 127u} << shift;
    if (byte < 128) return true;
  }
  return false;
}

bool parse(const uint8_t* at, const uint8_t* end, Type type, int depth, std::vector<Field>& out) {
  while (at < end) {
    uint64_t key = 0, length = 0;
    if (!read_varint(at, end, key)) return false;
    Field field;
    field.number = static_cast<uint32_t>(key >> 3);
    field.wire = key & 7;
    if (field.wire == 0) {
      if (!read_varint(at, end, field.integer)) return false;
    } else if (field.wire == 5 || field.wire == 1) {
      length = field.wire == 5 ? 4 : 8;
      if (static_cast<uint64_t>(end - at) < length) return false;
      std::memcpy(&field.integer, at, length);
      at += length;
    } else if (field.wire == 2) {
      if (!read_varint(at, end, length) || static_cast<uint64_t>(end - at) < length) return false;
      field.type = depth < 20 ? child_type(type, field.number) : kLeaf;
      if (field.type == kLeaf || !parse(at, at + length, field.type, depth + 1, field.fields)) {
        field.type = kLeaf;
        field.fields.clear();
        field.bytes.assign(reinterpret_cast<const char*>(at), length);
      }
      at += length;
    } else {
      return false;
    }
    out.push_back(std::move(field));
  }
  return true;
}

void write_varint(std::string& out, uint64_t value) {
  for (; value > 127; value >>= 7) out.push_back(static_cast<char>((value & 127) | 128));
  out.push_back(static_cast<char>(value));
}

std::string write(const std::vector<Field>& fields) {
  std::string out;
  for (const Field& field : fields) {
    write_varint(out, uint64_t{field.number} << 3 | field.wire);
    if (field.wire == 0) {
      write_varint(out, field.integer);
    } else if (field.wire == 2) {
      const std::string bytes = field.type == kLeaf ? field.bytes : write(field.fields);
      write_varint(out, bytes.size());
      out += bytes;
    } else {
      out.append(reinterpret_cast<const char*>(&field.integer), field.wire == 5 ? 4 : 8);
    }
  }
  return out;
}

// A field and the list that it is in.
struct Place {
  std::vector<Field>* list;
  size_t index;
  Type parent;
  Field& field() const { return (*list)[index]; }
};

void collect(std::vector<Field>& fields, Type type, std::vector<Place>& out) {
  for (size_t i = 0; i < fields.size(); ++i) {
    out.push_back({&fields, i, type});
    if (fields[i].type != kLeaf) collect(fields[i].fields, fields[i].type, out);
  }
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  void mutate(std::vector<Field>& model) {
    std::vector<Place> places;
    collect(model, kModel, places);
    if (places.empty()) return;
    const Place place = places[below(places.size())];
    switch (below(8)) {
      case 0:
        place.list->erase(place.list->begin() + static_cast<std::ptrdiff_t>(place.index));
        break;
      case 1:
        place.list->insert(
            place.list->begin() + static_cast<std::ptrdiff_t>(below(place.list->size())),
            Field(place.field()));
        break;
      case 2:
        std::swap(place.field(), (*place.list)[below(place.list->size())]);
        break;
      case 3:
        replace_by_relative(place, places);
        break;
      default:
        change_value(place, places);
    }
  }

  size_t below(size_t count) { return count == 0 ? 0 : random_() % count; }

 private:
  // Another field of the same kind: an edge to another tensor, another attribute, another shape.
  void replace_by_relative(const Place& place, const std::vector<Place>& places) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      const Place other = places[below(places.size())];
      const bool names = place.parent == kNode && other.parent == kNode &&
                         place.field().number <= 2 && other.field().number <= 2;
      if (other.parent != place.parent || (other.field().number != place.field().number && !names))
        continue;
      Field copy = other.field();
      copy.number = place.field().number;
      place.field() = std::move(copy);
      return;
    }
  }

  void change_value(const Place& place, const std::vector<Place>& places) {
    Field& field = place.field();
    if (field.wire == 0) {
      field.integer = static_cast<uint64_t>(integer(static_cast<int64_t>(field.integer)));
    } else if (field.wire == 5) {
      constexpr float kReals[] = {0, 1, -1, 0.5f, -0.0f, 1e30f, 1e-30f, kNaN, kInfinity, 3, 255};
      const float value = kReals[below(std::size(kReals))];
      std::memcpy(&field.integer, &value, sizeof value);
    } else if (field.type != kLeaf) {
      replace_by_relative(place, places);
    } else if (place.parent == kNode && field.number == 4) {
      const auto operators = heed::all_operators();
      field.bytes = operators[below(operators.size())].name;
    } else if (place.parent == kTensor && field.number == 9 && field.bytes.size() >= 8) {
      // Axes, shapes and indices are int64.
      const size_t at = below(field.bytes.size() / 8) * 8;
      int64_t value;
      std::memcpy(&value, field.bytes.data() + at, 8);
      value = integer(value);
      std::memcpy(field.bytes.data() + at, &value, 8);
    } else if (place.parent == kNode && field.number <= 2) {
      replace_by_relative(place, places);
    } else {
      const size_t size = field.bytes.size();
      field.bytes.resize(size + 8);
      field.bytes.resize(
          LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(field.bytes.data()), size, size + 8));
    }
  }

  int64_t integer(int64_t old) {
    constexpr int64_t kIntegers[] = {0,
                                     1,
                                     2,
                                     3,
                                     4,
                                     5,
                                     7,
                                     8,
                                     9,
                                     16,
                                     17,
                                     64,
                                     -1,
                                     -2,
                                     -3,
                                     -4,
                                     100,
                                     1000,
                                     65536,
                                     INT32_MAX,
                                     INT32_MIN,
                                     INT64_MAX,
                                     INT64_MIN,
                                     int64_t{1} << 31,
                                     int64_t{1} << 32};
    switch (below(4)) {
      case 0:
        return static_cast<int64_t>(static_cast<uint64_t>(old) + 1);
      case 1:
        return static_cast<int64_t>(static_cast<uint64_t>(old) - 1);
      default:
        return kIntegers[below(std::size(kIntegers))];
    }
  }

  static constexpr float kNaN = __builtin_nanf("");
  static constexpr float kInfinity = __builtin_inff();
  std::minstd_rand random_;
};

size_t store(const std::string& bytes, uint8_t* data, size_t max_size) {
  if (bytes.size() > max_size) return 0;
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

Field* graph_of(std::vector<Field>& model) {
  for (Field& field : model) {
    if (field.type == kGraph) return &field;
  }
  return nullptr;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  Mutator mutator(seed);
  std::vector<Field> model;
  if (mutator.below(20) == 0 || !parse(data, data + size, kModel, 0, model)) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  for (size_t count = 1 + mutator.below(3); count > 0; --count) mutator.mutate(model);
  const size_t written = store(write(model), data, max_size);
  return written > 0 ? written : LLVMFuzzerMutate(data, size, max_size);
}

// Both graphs in one, joined where a mutation lets one read the other's tensors.
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* first, size_t first_size,
                                            const uint8_t* second, size_t second_size, uint8_t* out,
                                            size_t max_size, unsigned seed) {
  std::vector<Field> model, other;
  if (!parse(first, first + first_size, kModel, 0, model) ||
      !parse(second, second + second_size, kModel, 0, other))
    return 0;
  Field* graph = graph_of(model);
  Field* added = graph_of(other);
  if (!graph || !added) return 0;
  for (Field& field : added->fields) graph->fields.push_back(std::move(field));
  Mutator mutator(seed);
  mutator.mutate(model);
  return store(write(model), out, max_size);
}

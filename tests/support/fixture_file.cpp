#include "support/fixture_file.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <stdexcept>

#include "base/counter_hash.h"
#include "formats/safetensors.h"
#include "support/tensor_file.h"

namespace heed::test {

namespace {

// A JSON value, as much as the fixtures' metadata needs.
struct Json {
  enum Kind { kNull, kNumber, kText, kList, kObject } kind = kNull;
  double number = 0;
  std::string text;
  std::vector<Json> items;
  std::vector<std::string> keys;  // of an object: one for each item

  const Json* find(std::string_view key) const {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == key) return &items[i];
    }
    return nullptr;
  }
  const Json& operator[](std::string_view key) const {
    const Json* found = find(key);
    if (!found) throw std::runtime_error("a fixture's metadata lacks '" + std::string(key) + "'");
    return *found;
  }
};

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Json value() {
    Json json;
    const char c = peek();
    if (c == '{' || c == '[') {
      json.kind = c == '{' ? Json::kObject : Json::kList;
      ++at_;
      while (peek() != '}' && peek() != ']') {
        if (json.kind == Json::kObject) {
          json.keys.push_back(string());
          expect(':');
        }
        json.items.push_back(value());
        if (peek() == ',') ++at_;
      }
      ++at_;
    } else if (c == '"') {
      json.kind = Json::kText;
      json.text = string();
    } else if (c == 't' || c == 'f' || c == 'n') {
      json.kind = c == 'n' ? Json::kNull : Json::kNumber;
      json.number = c == 't';
      at_ += c == 'f' ? 5 : 4;
    } else {
      char* end = nullptr;
      json.kind = Json::kNumber;
      json.number = std::strtod(text_.data() + at_, &end);
      at_ = static_cast<size_t>(end - text_.data());
    }
    return json;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::string_view(" \n\t\r").find(text_[at_]) < 4) ++at_;
    if (at_ >= text_.size()) throw std::runtime_error("a fixture's metadata ends too early");
    return text_[at_];
  }
  void expect(char c) {
    if (peek() != c) throw std::runtime_error("a fixture's metadata is no JSON");
    ++at_;
  }
  std::string string() {
    std::string out;
    expect('"');
    for (; text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && text_[++at_] == 'u') {
        out.push_back(static_cast<char>(
            std::strtol(std::string(text_.substr(at_ + 1, 4)).c_str(), nullptr, 16)));
        at_ += 4;
      } else {
        out.push_back(text_[at_] == 'n' && text_[at_ - 1] == '\\' ? '\n' : text_[at_]);
      }
    }
    ++at_;
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
};

attention::Options read_options(const Json& json) {
  attention::Options options;
  for (size_t i = 0; i < json.items.size(); ++i) {
    const Json& item = json.items[i];
    const std::string& name = json.keys[i];
    if (item.kind == Json::kNumber) options.add_number(name, item.number);
    if (item.kind == Json::kText) options.set_text(name, item.text);
    if (item.kind != Json::kList) continue;
    std::string text;
    options.set_empty(name);
    for (const Json& element : item.items) {
      if (element.kind == Json::kNumber) options.add_number(name, element.number);
      if (element.kind == Json::kText) text += (text.empty() ? "" : ",") + element.text;
    }
    if (!text.empty()) options.set_text(name, text);
  }
  return options;
}

HostTensor host_copy(const Constant& constant, std::string name) {
  HostTensor tensor{std::move(name), constant.dtype, constant.shape, {}};
  tensor.data.assign(constant.data, constant.data + constant.bytes());
  return tensor;
}

// A tensor that is not stored; its rule is {"scale": ..., "offset": ...}.
ConstantPtr generate(const std::string& name, const Shape& shape, const Json& rule) {
  const NewConstant made = make_constant(DType::kF32, shape);
  const uint32_t key = counter_hash_key(name);
  const auto scale = static_cast<float>(rule["scale"].number);
  const auto offset = static_cast<float>(rule["offset"].number);
  for (Extent i = 0; i < shape.count(); ++i) {
    // Two roundings: never one multiply-add.
    const volatile float product = counter_hash_unit(key, static_cast<uint32_t>(i)) * scale;
    made.values<float>()[i] = product + offset;
  }
  return made.constant;
}

}  // namespace

std::vector<Fixture> read_fixtures(const std::string& name) {
  const auto file = std::make_shared<std::vector<std::byte>>(
      read_file(std::string(HEED_FIXTURES) + "/attention/" + name + ".safetensors"));
  Result<NamedWeights> tensors = read_safetensors(*file, file);
  if (!tensors.ok()) {
    throw std::runtime_error(name + ": " + std::string(std::string_view(tensors.status().message)));
  }
  uint64_t length = 0;
  std::memcpy(&length, file->data(), 8);
  const Json header =
      JsonReader({reinterpret_cast<const char*>(file->data()) + 8, static_cast<size_t>(length)})
          .value();
  const Json& metadata = header["__metadata__"];
  const auto stored = [&](const std::string& wanted) -> ConstantPtr {
    for (const NamedWeight& tensor : tensors.value()) {
      if (tensor.name == wanted) return tensor.value;
    }
    return nullptr;
  };
  std::vector<Fixture> fixtures;
  for (size_t i = 0; i < metadata.items.size(); ++i) {
    const Json entry = JsonReader(metadata.items[i].text).value();
    Fixture fixture;
    fixture.name = metadata.keys[i];
    fixture.mechanism = entry["mechanism"].text;
    fixture.dialect = entry["dialect"].text;
    fixture.options = read_options(entry["options"]);
    const Json& shapes = entry["shapes"];
    const Json* generated = entry.find("generated");
    for (size_t j = 0; j < shapes.items.size(); ++j) {
      const std::string& key = shapes.keys[j];
      const size_t dot = key.find('.');
      const std::string part = key.substr(0, dot), tensor_name = key.substr(dot + 1);
      Shape shape;
      for (const Json& extent : shapes.items[j].items)
        shape.push_back(static_cast<Extent>(extent.number));
      ConstantPtr value = stored(fixture.name + "." + key);
      if (!value && generated) {
        value = generate((*generated)["seed"].text + "." + key, shape, (*generated)["rules"][key]);
      }
      if (!value) throw std::runtime_error(fixture.name + " lacks " + key);
      if (part == "weights") {
        fixture.weights.push_back({tensor_name, value});
      } else {
        auto& list = part == "inputs" ? fixture.inputs
                     : part == "maps" ? fixture.maps
                                      : fixture.outputs;
        list.push_back(host_copy(*value, tensor_name));
      }
    }
    std::sort(fixture.weights.begin(), fixture.weights.end(),
              [](const NamedWeight& a, const NamedWeight& b) { return a.name < b.name; });
    fixtures.push_back(std::move(fixture));
  }
  return fixtures;
}

}  // namespace heed::test

#include "attention/options.h"

namespace heed::attention {

Options::Options(std::initializer_list<std::pair<const char*, Value>> entries) {
  for (const auto& [name, value] : entries) {
    entries_.push_back({name, value.text, value.numbers, value.is_text, false});
  }
}

Options::Entry& Options::entry(std::string_view name) {
  for (Entry& known : entries_) {
    if (known.name == name) return known;
  }
  entries_.emplace_back().name = name;
  return entries_.back();
}

void Options::set_text(std::string_view name, std::string_view text) {
  Entry& target = entry(name);
  target.text = text;
  target.is_text = true;
}

void Options::add_number(std::string_view name, double number) {
  entry(name).numbers.push_back(number);
}

const Options::Entry* Options::find(std::string_view name) const {
  for (const Entry& known : entries_) {
    if (known.name != name) continue;
    known.used = true;
    return &known;
  }
  return nullptr;
}

}  // namespace heed::attention
